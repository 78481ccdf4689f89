"""Words of anger, trouble and praise (R-SENT)."""

from typing import Final

FRUSTRATED: Final = """
3: how dare; complete|total|absolute joke|disaster|disgrace|mess|waste|incompetence; beyond a joke; second time ~
   this|that|i|no; for the second|third|fourth time; for nothing; you have ~ ruined|wasted; hours on hold;
   on the phone for hours; i said ~ person|human|agent|no; already told|said|explained; ridiculous*;
   unacceptable; outrageous*; unbelievable|unbelievably; fed up; sick of|and tired; tired of ~
   this|your|waiting|calling|being|hearing|explaining|these|repeating|paying; furious*; angry; livid;
   enraged; mad; pissed*; damn*; hell; goddamn; crap*; shit*; bullshit; fuck*; bloody;
   freaking|fricking|frigging|effing; stupid*; idiot*; moron*; useless; worthless; incompeten*; pathetic;
   disgrace*; disgust*; appalling; insane; absurd; nightmare; nonsense; garbage; trash; rubbish; what a
   joke; a joke; are you kidding|serious|joking; you people ~ serious|kidding; you have got to be; got to
   be kidding; seriously; third|fourth|fifth|sixth|seventh|tenth|hundredth|umpteenth|nth|millionth time;
   three|four|five|six|seven|eight|ten|twenty|hundred|several|many|multiple|countless|dozen|thousand|million
   times; how many times; how many more|times; over and over; again and again; every single ~
   day|time|month|bill|week; time and again; for the love of; for god|heaven|christ sake; had it|enough; i
   have had enough|it; had enough; enough is enough; last straw; enough of ~ this|your; losing my ~
   patience|mind|temper; lost ~ patience; out of patience; patience ~ out|end|gone; waste|wasting|wasted
   of? my|our? time; waste of ~ time|money; on hold ~ hour|hours|minutes|forever|ages; been waiting ~
   hour|hours|weeks|days|forever|months; waited ~ hours|weeks|forever; worst; hate; scam*; rip
   off|ripping; ripped off; robbery; robbing; thieves; crooks; liars; lied|lying to; lied; joke of a;
   shame on; screw|screwed; sucks|suck; ludicrous; infuriat*; frustrat*; annoy*; fuming; at my wits; wits
   end; driving me ~ crazy|mad|insane|nuts; going crazy; makes me ~ sick|mad|angry; on earth; the
   heck|hell; nobody|no ~ cares|listens|helps; nobody ~ ever|calls|call|answers;
   human|person|agent|manager|someone|representative|operator ~ right now|immediately|already;
   immediately; this instant; sue|suing; same|old|again ~ story; same story; same crap|nonsense; do your
   job; get your act; what is wrong with you; thanks for nothing; terrible|horrible|awful
   company|service|experience|people|customer; terrible; horrible; awful; keep|keeps ~
   charging|lying|transferring|hanging; treated ~ badly|like; in my life ~ i|have|never?; never again;
   still not ~ after ~ weeks|months|calls; stop ~ robot|bot|charging|calling|wasting|lying; will not
   accept|tolerate|stand this|that|it|such|any; not ~ accept|tolerate|take ~ this|it|anymore; no one ~
   helps|cares|answers|calls|called; give me a break; demand; extremely rude; hopeless
"""

NEGATIVE: Final = """
2: two|double|duplicate bills|invoices; never ~ made|agreed; without ~ permission|consent|asking; still ~ not ~ gotten|got|received; still says; nobody told; no entiendo; je ne comprends; verstehe ~ nicht; non capisco; nao entendo; billed for ~ although|but; not what we; does not add up; asked for ~ but; swallowed; charging me|us;
   charged ~ for ~ already|never|not; only got; thing on my; buzzing|humming|hissing|clicking; where is
   it; extra ~ dollars|euros|pounds|charge; still ~ lists|shows|waiting; on there again; penalty; used my
   card; about ~ charge; deleted; underwater; mix up; two|three ~ withdrawals|payments; behind; supposed
   to; exception; disgrace; times charged|billed; charged|billed ~ three|two|four times; never showed;
   nothing will; vanished; no better; nothing has come; no idea why; for nothing ~ day|off; noise;
   straight to voicemail; billed|charged for ~ but|instead|only; trouble*; have|got|having|with|a
   problem*; issue|issues ~ with; wrong; mistake*; incorrect*; disappoint*; unhappy; dissatisf*; upset;
   unfortunately; worried|worry|worrying; concern*; confus*; complain*; complaint*; unfair*; bad|badly;
   poor|poorly; worse; slow*; broken; broke; dead; error*; fail*; crash*; freez*|froze*; stuck; outage;
   down since|again|today|for; is|are|been|went|being down; twice ~ charged|billed|for|same;
   charged|billed ~ twice|double|extra|wrong; double charged|billed; overcharg*; too
   high|much|expensive|slow|long|many; higher than|this|again; never ~
   received|got|arrived|came|arrives|asked|ordered|had|showed|works; not ~
   here|working|work|works|happy|great|impressed|helpful|satisfied|right|correct|load|open|connect|turn|start|arrived|received|come|let|respond|recognise|recognize|accept|pleased|good;
   still ~ not|waiting|no|down|charged|missing|the same; can|could not; unable; missing; lost; locked|shut
   out; no ~ internet|signal|connection|sound|picture|service|tone|longer|reception; without ~
   internet|service; declined; rejected; expired; past due; overdue; late fee; cut|cuts|cutting out|off;
   drops|dropping|dropped; disconnect*; blinking; black|blank|frozen screen; defect*; faulty; damaged;
   hung up; rude; lawyer*; report you; do not ~ know|understand|recognise|recognize ~
   why|charge|what|this; do not recognise|recognize; there is ~ charge|thing ~ not; no show; nobody|no one
   ~ showed|came|called|answered|turned; price ~ went|gone|go up; why ~
   price|bill|charged|charge|higher|more|so|is; hurts|hurt; pain; bleeding; emergency; smoke; fire; gas;
   unconscious; sick; breathe; pills; not want ~ live; heart attack; dispute; did not ~
   order|authorize|ask|work|agree; they|you ~ took|charged; keeps|kept; glitch*; lag*; weak|spotty|patchy;
   stopped|stops ~ working|syncing; stopped; went up; unstable; hacked; stolen; gone; nobody|no one ~
   showed|came|up; again ~ like i; about ~ again; have ~ restarted; acting up;
   logged|logs|kicks|kicking|kicked me? out; will not|wont ~ turn|load|open|start|connect|work|let;
   does|do|did|is|has not ~ yet; only ~ instead; instead of; broke|break after; empty|blank; nothing ~
   works|happens|loads; collections; suspended; cracked; missed; sorry ~ problem; terrible|horrible
   signal; delay*; unresponsive; buffering; died; returns ~ error|401|403|404|500; paying too
"""

POSITIVE: Final = """
2: loves ~ service|it|your|you; great ~ job|service|work|help|things|experience|company|team; love ~
   service|it|your|you|the|how|this|working|product; love; awesome; excellent; amazing; fantastic;
   wonderful; brilliant; superb; perfectly; perfect; delighted; thrilled; excited; pleased; very
   happy|satisfied|pleased|good|helpful|kind|impressed; so|really|extremely|super
   happy|pleased|glad|satisfied|grateful|impressed|helpful|nice|excited|kind; happy with|to|that|customer;
   impressed; thank you ~ so|very|much|everything|great|lovely|wonderful|helping; thanks ~ so|a
   lot|million|much|great|everything|ton; just ~ say ~ thank|thanks; many thanks; appreciate*; grateful;
   recommend*; best ~ company|service|provider|support|ever|internet; you are ~
   best|great|amazing|awesome|wonderful; well done; good job|work; great; lovely; keep up; compliment*;
   praise; satisfied with; works ~ great|perfectly|wonderfully; finally works; glad; friendly; helpful;
   nice day; so ~ helpful
"""

CALM: Final = """
1: @net|internet is fine ~ question; can|could you ~ waive; how can|do i ~ restore|recover; waive ~ late
   fee; charged|billed|paid|took ~ two|three|four|five times; times
   thirty|forty|fifty|twenty|ten|five|six|seven|eight|nine; what do|does ~ lights|light|error|icon ~ mean;
   not telling; not ~ talk|speak|talking ~ computer|machine*|robot*|bot; not a bot; not know how ~
   works|it; nothing ~ wrong ~ i; without a; is there ~ outage|problem|issue; nothing is ~ broken|wrong;
   not know what i want; not a|an ~ thing|problem|issue|matter; not ~ have ~ problem|issue; would you ~
   recommend; can|could you ~ recommend; three times and; not ~ complain*|complaint*; already ~
   have|a|paid|customer|installed|am|with|using; have|am|are already; mad about you; love to|it to|it if;
   would love ~ to; not angry|mad|upset; no ~ problem|problems|trouble|worries|rush|hurry; do not worry; a
   joke ~ tell; tell ~ joke; hell of a ~ good|job; i demand nothing; not|no ~
   complaint*|complaining|complain; lost and found; something ~ wrong number; wrong number; bad weather;
   technical problem ~ not; not a ~ problem|issue; happy to ~ pay|wait|talk|hold
"""
"""Takes back feelings that it overlaps."""

ASKS: Final = """
1: how ~ i|we|you|to|can|do; where ~ i|do|can|is|are; what is|are ~ the|my|your; is|are there ~
   outage|way|manual|known|maintenance; can|could you ~ tell|walk|help|explain|show|guide|send|reset|talk;
   forgot ~ password|pin|passcode|username|log; reset ~ password|pin|two; need to|help ~
   reset|change|update|configure; support|tech|technical ~ department|support|team|question; do i ~
   need|have to; i would like to|help ~ change|configure|reset|set; want to ~
   change|configure|reset|set|connect
"""
"""Ways to ask about technology that report no trouble."""
