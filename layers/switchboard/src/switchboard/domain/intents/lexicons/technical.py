"""What does not work, and how to use what does."""

from typing import Final

TECHNICAL: Final = """
9: records|data|files|contacts|entries|messages|emails is|are|have|went ~ missing|gone|lost|disappeared|vanished|deleted; half of ~ records|data|files
9: set|setting up ~
   email|voicemail|mailbox|forwarding|printer|hotspot|vpn|parental|filter|bluetooth|greeting|emails|outlook;
   accidentally|mistakenly ~ deleted|removed|erased|lost|changed; deleted by accident|mistake;
   sound|sounds ~ like ~ underwater|robot|echo|tunnel
7: buzzing|humming|clicking|hissing|crackling|scratching|beeping ~ sound|noise;
   buzzing|humming|clicking|hissing|crackling|beeping; pick up the receiver; emergency calls only; not
   found; not there; load ~ page; restore|recover ~ file|deleted|data; wrong
   totals|numbers|values|data|figures; @software|@net|@device ~
   throws|throwing|gives|giving|shows|showing|returns|returning|displays ~
   error|exception|code|message|blank|nothing; throws; exception; session ~ expired|timed|timeout|expires;
   getting|get ~ message|error|popup|notification|warning|alert; nothing ~
   load|loads|loading|work|works|happens|open|opens; back into|in ~ account|profile|app|email|system;
   get|getting ~ into|in|back ~ account|profile|app|email|mailbox|system|portal|dashboard; getting|get
   only ~ megabits|megabit|mbps|bars|speed; megabits|mbps ~ instead|only|should; instead of ~
   megabits|hundred|gigabit|mbps; only ~ getting|get ~ megabits|bars|megs|mbps; what does|do ~
   light|lights|error|code|icon|message|button|symbol ~ mean|on; kicked out|off; how much
   data|storage|space ~ used|left|remaining|have; data usage|used|left; password reset; reset ~ password;
   wrong|incorrect password|pin; sim|card|phone|account|screen is|got|has|was|been ~ locked|blocked; speed
   test; test|lab|blood results ~ not|open|see|load|online|portal; can not|never ~
   open|see|view|access|find ~ results|report|page|file|link|messages; send|receive|make|get ~
   calls|texts|emails|messages ~ not; can not ~ send|receive|make|take ~
   calls|texts|emails|messages|call|email; keeps|kept|keep ~ logged|kicked|signed|thrown out
6: worst|terrible|awful|horrible|crappy connection|internet|wifi|signal|reception|network; my|our|the
   @net|@device|@software ~ will|does|do|did|is|are|was|can|could|has not; find ~
   network|wifi|signal|device|printer|router; drops|dropped|drop ~ calls|call|connection|every|out; not ~
   go|going ~ out|through; half ~ office|team|users|people|house ~ can|not|no; nobody|no one ~ can|able ~
   access|log|connect|use|work|open|hear; can not|unable ~
   stream|game|watch|browse|call|text|dial|access|edit|update|install|join; goes|going|went ~
   dark|fuzzy|silent|quiet|blank|black|crazy|mute; fuzzy; no|without
   lights|light|picture|power|audio|sound; totally|completely dead; it is dead;
   spam|robo|unwanted|nuisance calls|texts|emails|messages; hacked; virus; malware; phishing;
   dark|airplane|safe|recovery mode; turn on|off; turn ~ on|off|back ~
   it|feature|roaming|notifications|data|wifi|bluetooth; in|under the settings; where in ~
   app|settings|menu|portal|system; how|where ~ find ~
   setting|settings|option|button|serial|menu|password|page; step by step ~ fix|reset; internet is|service
   is ~ out|down|slow|off; keeps|kept|constantly ~ @broken; ran|run|running ~ speed; troubleshoot*; worked
   ~ yesterday|before|fine|until ~ now|not|but?; was working ~ until|yesterday|before; used to work;
   since|after ~
   update|upgrade|storm|outage|yesterday|monday|tuesday|wednesday|thursday|friday|weekend|morning|night ~
   not|no|nothing|can; lost ~ signal|connection|internet|data|files|access|picture|sound|everything; lost
   all my; syncing|sync ~ problem|issue|error|fail|fails|not|stopped; paired|pairing|pair ~
   bluetooth|device|headset|remote; bluetooth; hdmi; usb; ethernet cable; cable ~
   damaged|cut|loose|broken; cache|cookies; browser; overheats|overheating; upside; duplicate
   records|entries; missing ~ data|files|records|button|option|messages; wrong ~ data|time|number
   shows|results; data ~ wrong|lost|gone|missing|corrupt*; @net|@device|@software
   is|are|was|does|do|did|will|can|has|have|would not; never|not ~
   open|opens|loads|load|works|connects|starts|responds|goes ~ through|forever?;
   loading|spinning|spins|buffering|buffer|waiting|stuck ~ forever|endlessly|hours|constantly; nothing ~
   when|if i|you press|click|tap|push|open|try; power button; making|makes ~
   noise|noises|sound|beep|sounds; noise ~ line|call|phone; cut|cuts|getting|gets|get ~ cut off;
   everything|all|nothing|whole ~ is|are|went|has offline|down|dead|out; lights|light ~ on|are|is ~
   red|orange|flashing|blinking; lights|light ~ red|orange|off|blinking|flashing|yellow|green|amber; not
   firing|talking|reaching|reach|delivered|delivering|pairing|found|recognizing|saving|sending|registering|coming
   through; rejecting|rejects|rejected|refuses|refusing|refused ~
   everybody|everyone|login|password|to|my|us|users|all; single sign; apn ~ settings; speeds|speed ~
   drop|drops|slow|half|low|only|terrible; hotspot ~ not; roaming ~ not|work|working|turn|enable|abroad;
   delete|archive|export|rename|duplicate|restore|recover|undo ~
   project|account|file|data|record|user|workspace|message|messages|voicemail|report; how ~ i|we|to|you
   delete|archive|rename|undo|restore|view|see|find|track|access|check ~
   project|record|file|usage|results|history|settings|password|voicemail; let|lets|letting me|us
   in|on|log|through; phone|internet|landline line ~ since|dead|not|no; no
   phone|landline|internet|signal|wifi; wifi|internet|connection|signal ~
   weg|poor|bad|weak|awful|terrible|slow|spotty|unstable|choppy|cuts|cutting|out|drops|down;
   @net|@device|@software|it ~ not|never|longer|hardly|barely|without @works; @net|@device|@software
   is|are|was|been|keeps|went|goes|gone|got|gets|has|being ~ @broken; can|could not ~
   log|sign|get|connect|access|reach|open|see|find|load|hear|watch|make|send|receive|print|download|upload|join|install|stream|browse|enter|use;
   unable to log|sign|get|connect|access|open|load|send|print|reach|see|use|make|download|upload; log|sign
   in ~ fails|failed|issue|problem|trouble|not|error|loop; fails|failed to
   load|connect|open|sync|start|send|log; no|lost|losing|without ~
   internet|signal|connection|wifi|sound|picture|dial|reception|service|power|network|tone|audio|image|coverage|bars;
   not ~ have|got|getting|get internet|signal|connection|wifi|sound|picture|reception|network|tone;
   stopped|stops|quit @works; stopped|quit working; no longer @works; nothing works|working|loads|happens;
   keeps|keep|kept|constantly|always @broken; keeps|keep ~
   crashing|dropping|freezing|disconnecting|buffering|restarting|failing|kicking|logging|losing|cutting|asking|saying|showing|turning|going;
   kicks|kicked|kicking|logs|logged|logging ~ out|off; cuts|cutting|cut out|off; acting up|weird|strange;
   went|gone|goes|go down|dead|black|blank|offline; locked|shut out; locked account;
   forgot|forgotten|lost|reset|resetting|change|changing|recover|new|wrong ~
   password|pin|username|passcode|passwords|log; password ~ reset|forgot|wrong|not|change|expired;
   verification|security|confirmation|access|authentication code|codes; two|multi factor; 2fa; mfa;
   authenticator; error|fault|status ~ code|message|404|500|503|504|401|403; technical ~
   problem|issue|support|help|difficulty|difficulties|question|team|department|trouble|assistance|fault|service;
   tech support|team|department|help|guy|issue; blue|black|white|blank|frozen screen; dial tone;
   red|orange|blinking|flashing|no light|lights; service|power|network outage|interruption|disruption; is
   there ~ outage|problem|issue; cold|hot restart|reboot; slow
   internet|wifi|connection|speed|speeds|network; internet|wifi|download|upload speed|speeds;
   my|our|the|your|this @net|@device|@software|thing ~
   broken|broke|crashes|crashed|crashing|freezes|freezing|frozen|fails|failing|stuck|slow|slower|dead|dropping|drops|disconnects|lagging|blinking|flickering|offline|acting|glitching|died|dies|stopped|stops|buffers|buffering|hangs|beeping|overheating|loops|down|restarting|rebooting|cracked|out|smashed|damaged|defective|faulty
5: help ~ log|logging|password|app|computer|router|wifi|device|account access; how do i use; how does ~
   work; how to; lights ~ mean; quit ~ working; ping; packet; jitter; delay ~ calls|call|audio; audio;
   microphone|mic; webcam; pixelated; subtitles; channel*|channels ~ missing|gone|not|lost|disappeared;
   signal ~ strength|lost|low|none|drops; bars; one bar; dead zone|spot|line; echo; cutting; flicker*;
   loads; loading; reload*; refresh; timed out; timeout; server; down for maintenance; maintenance;
   compatible; driver*; printer ~ jam|offline|not; installed ~ update|app|version; latest version; beta;
   feature ~ broken|missing|not; automation*|workflow* ~ not|stopped|fail|failed|broken|trigger;
   attachment*; calendar ~ not|sync; duplicate*; formula*; dropdown; filter*; crashed; slow*;
   keeps|keep|kept ~ @broken; stutter*; speed; pixel*; robotic; forbidden; unauthorized; spins; spinning;
   is|are|was|went|been ~ down ~ since|again|for|all|today|now|this; stopped ~
   loading|syncing|sending|printing|receiving|updating|ringing|charging|showing; invalid; remote control;
   dead line; noise; hang*; blocked; single|sso; csv; jam|jammed|jams; pop up|ups; how ~ i|we|you
   change|reset|configure|connect|forward|block|unblock|turn|switch|disable|enable|update|restart|reboot|use|record|check|delete|export|pair|sync|share|print|scan|filter|mute|hide|recover|restore|set|adjust|install|link|back|upgrade
   ~
   @net|@device|@software|calls|password|settings|pin|name|filter|number|messages|roaming|forwarding|notifications|authentication|spam|key|language|firmware|data|folder|permissions|permission|dashboard|history|contacts|greeting;
   outage*; error*; password*; passcode*; firmware; reboot*; restart*; factory reset; glitch*;
   bug|bugs|buggy; crash*; freez*|froze*; buffer*; disconnect*; offline; broken; broke down; defect*;
   malfunction*; log|sign in; log on; logged out|off; logging in|on; signing in; lag*; unresponsive;
   packet loss; ping|latency; dropped|dropping calls|call|connection; call quality; call
   forwarding|waiting|blocking; forward ~ calls|call; spam calls|call; caller id;
   bad|poor|weak|terrible|spotty|awful|horrible|lousy
   signal|reception|connection|wifi|internet|quality|coverage|service|sound; nothing ~
   loads|loading|happens|works|opens; can not ~ online; get|getting online|in|through|on; can|could not
   hear; echo*|crackl*|static; wireless network; network name; ssid; dns|ip address;
   trouble|problem|problems|issue|issues|difficulty|difficulties
   with|connecting|accessing|logging|opening|loading|using ~ @net|@device|@software;
   trouble|problem|problems|issues|difficulties
   connecting|accessing|logging|opening|loading|using|printing|syncing|getting; have|having|got
   trouble|issues|problems ~ internet|wifi|phone|router|app|website|log|tv|email; fix|repair|troubleshoot
   ~ @net|@device|@software|it|this; send ~ technician|engineer|repairman; need|want ~
   technician|engineer|repair; serial number|firmware; will|does|did|do|is not
   turn|load|start|open|connect|respond|sync|boot|charge|ring|print|save|send|let|recognize|accept|update|play
4: fails; failing; deleted; on calls; during calls; every time i try|open|click|use|want; password;
   settings; keeps|kept; test|lab results; link ~ expired|old|dead|broken; blinks|flashes; not @works;
   router|modem ~ light|lights|red|reset|password|settings; app|website|portal|page|screen ~
   says|shows|showing|saying|message; says|saying|tells|showing|shows|displays ~
   error|invalid|no|failed|expired|denied|incorrect|unavailable|offline; access denied; invalid ~
   password|user|code|credentials; time|times|timed|timing out; slow; too|so|very|super|really|extremely
   slow; support ticket; sync*; integration*; api; webhook*; configur*; it|this|that is ~
   broken|frozen|down|stuck|slow|dead|acting; export*; vpn; technician; engineer; repair*; reset;
   does|do|did|will|is|are not ~ working|work|load|connect|start|turn|open|respond; not|stopped ~
   syncing|charging|responding; virus|malware|hacked|phishing; update ~ failed|broke|stuck; after|since ~
   update|storm|upgrade; power cycle; plugged|unplug|unplugged|plug; unplugging; cracked; dead; frozen;
   screen ~ black|blank|frozen|cracked|blue; log|reports|report ~ missing|empty|blank; empty|corrupt|blank
   file|report|export|page|screen; broke; service down; no service; hard reset; fault|faulty; locked; data
   ~ missing|lost|gone|disappeared; disappeared; kicks me
3: support; tech; technical; connectivity; wifi; router; modem; website; app; internet ~
   again|problem|issue|question; fix|fixed; not right with ~ internet|phone; how do i ~ use; manual; user
   guide|manual; drops; dropped; restore*; backup*; diagnos*; connect|connecting; installed update; down;
   pixelat*; compatib*; permission*; blocked number; voicemail; email; printer; software; device;
   dashboard
2.5: how do|can i|we
2: screen; message; expired; load; button; module; notifications; lights; wireless; drive; file; files;
   feature; mode; update; version; cable; keyboard; mouse; megabits; channel*; remote; hear; internet;
   connection; network; signal; tv; phone; landline; problem with; something is wrong; not right; issue;
   it stopped; portal; line; use; device*; computer; laptop; box
1: will|does|can not
"""
