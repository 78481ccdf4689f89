"""What must be recognised in any sentence: wishes for a human, emergencies (R-TRIG); and what must not be obeyed."""

from typing import Final

HUMAN: Final = """
9: connect|transfer|put|switch|hand ~ me ~ to|through your|the? support|service team|staff|agent|agents|people; out of ~
   this robot|bot|machine|menu|system|loop; not just|i|we? ~ talk|speak to|with ~ person|human|someone|somebody|agent;
   not a machine|robot|bot|computer; be|get put|connected|transferred|passed through? ~ to ~ @human|@someone;
   switch|hand|pass|send|move me|us ~ to ~ @human|somebody|someone|anyone; @someone|person|human from your|the
   ~ call|phone|ring me|us
9: not want|need|like ~ automated|automatic|computer|robot|bot|machine ~ system|voice|menu?; get|reach ~
   someone|somebody|anyone on|here; get someone|somebody|anyone ~ on the line|phone; no
   automated|automatic ~ system|menu?; called|phoned|rung|contacted back ~ by ~
   @being|@someone|agent|employee; call|calls|called ~ me ~ from ~
   human|person|employee|agent|somebody|someone; get|give|fetch|find|bring ~ me|us ~ @someone|@human;
   whoever ~ runs|manages|charge|responsible; conversation with ~ @human|@being|@someone;
   actual|real|live|human employee|person|people|agent|voice|ear; reach ~ an|a ~
   employee|human|person|agent|someone|somebody|representative; want|need|demand|prefer|like ~
   a|an|the|your ~ manager|supervisor|boss|human|person|agent|operator|representative; @someone|@human ~
   i|we ~ could|can|may|might ~ speak|talk; could|can|may|might i|we ~ speak|talk|chat to|with; word with;
   in charge; i said ~ @being|agent; put ~
   colleague|colleagues|manager|supervisor|someone|somebody|person|boss|agent on|through; callback;
   speak|talk to|with ~ you ~ human; not ~ talk|speak|talking ~ @bot; somebody|someone|anybody|anyone
   real|human|alive|else|living; human|person|agent|representative|operator|manager right|now; not you ~
   person|human; is|are there ~ real|human|actual|live ~ person|people|human?; customer|client
   care|service|support ~ agent|rep|person?; live support; to reach ~ human|person|someone|somebody|agent;
   patch me; a hold of ~ someone|somebody|person|human|anyone|anybody|agent; @reach to|with|too ~
   @human|@someone; @reach ~ @human|real|live|actual; talk|speak to|with ~ real|live|actual|else|one;
   get|give|want|need|find|bring|fetch|pass|hand|put|send|see|reach|prefer|like|have|got|is|are|any|be|being|call|calling|demand|require|request|requesting|asking|ask
   ~ human|representative|supervisor|operator|rep;
   get|give|put|pass|hand|find|fetch|bring|connect|transfer ~ me|us ~
   @human|somebody|someone|anyone|manager|colleague|else; put|pass|patch me|us ~ through|over|on;
   transfer|connect|redirect|escalate me|us; escalate this|my|it; transfer this|my call;
   actual|real|live|human person|agent|human|being ~ on the line|phone; i|we
   want|need|demand|prefer|require ~
   human|humans|person|being|manager|supervisor|representative|agent|operator;
   real|live|actual|human|living|breathing|genuine|flesh
   person|human|agent|people|representative|operator|being|voice|assistant|rep|employee|someone|somebody|individual;
   flesh and blood; somebody|someone|anyone|anybody|person|human ~ real|alive|human ~ talk|speak|there?;
   put|get ~ live|human|real|agent|manager|supervisor|representative|person|operator|rep
   on|here|please|now?; any|is|are|there ~ human|humans|person|people|agent ~
   speak|talk|there|available|around|i|who; anyone|anybody|someone|somebody ~ i can ~ talk|speak; i can ~
   talk|speak to|with; can i|we ~ talk|speak ~ to|with;
   let|have|allow|like|want|need|wanna|rather|prefer|wish|trying|able|love me|to|us? talk|speak ~
   @human|@someone|with|to; someone ~ is not ~ @bot; who is not ~ bot|robot|machine|computer; not ~
   talk|speak|talking|speaking|deal|dealing|chat ~ @bot|thing|you; no
   more|hate|stop|enough|sick|tired|instead|rather|than|against|with ~ @bot; get|skip|bypass|out ~
   menu|menus ~ human|person; human|agent|representative|operator|supervisor|manager
   now|immediately|right; i|we ~ speak|talk ~
   manager|supervisor|agent|human|person|representative|operator|someone|somebody|colleague;
   get|want|need|see|demand|require|give|call|ask|asking|request ~ manager|supervisor|boss;
   your|a|the|shift|floor|duty manager|supervisor|boss|superior|superiors|director; human
   being|beings|agent|assistance|help|contact|support|intervention; customer service|care ~
   agent|representative|rep|person|department|number|line?; live|human
   agent|support|person|assistant|help|rep|advisor|operator; higher up; someone|somebody|anyone in
   charge|else|higher|competent|responsible; press|pressed|hit|dial|dialed|pushed zero|0; have|let|tell ~
   someone|somebody|person|human|agent|manager ~ call|ring|phone|contact me|us|back; call|ring|phone me|us
   back; call back me; want|need|request|like|get|arrange|schedule ~ callback; human ~ now; person person;
   help ~ from human|person; reach ~ human|person|someone|somebody|agent; someone|somebody to talk|speak;
   want|need|like|get|prefer ~ someone|somebody ~ talk|speak|phone|line; want|need|get|put ~
   person|someone|somebody|human ~ on the phone|line; speak|talk ~ dr|doctor|nurse|dentist|mr|mrs|ms|miss;
   speak|talk|connect|with|to|me one of your|the; want|need|get|speak|give ~ another|different
   agent|representative|operator|adviser|advisor|colleague|person; a person about|right|now|instead; with
   a|an|another person; no|not ~ machines|robots|bots; actual|real ~ person; another person; talk|speak
   person
"""

HUMAN_BARE: Final = """
9: human; humans; person; agent; representative; operator; manager; supervisor; rep;
   a|the|real|live|any|actual|some human|person|agent|representative|operator|manager|supervisor; people;
   reception; receptionist; front desk; customer service|support|care; helpdesk; help desk; callback;
   boss; real people; speak; switchboard; attendant; advisor; adviser; employee; colleague
"""
"""Enough where hardly anything else is said."""

NOT_HUMAN: Final = """
10: talk|speak|talking|speaking|spoke|spoken|chat to|with you; talk|speak|chat about; a colleague; live
   chat ~ not|is|broken|down|widget|feature; a|the|your
   person|man|lady|woman|guy|agent|representative|operator|employee told|said|promised|sold|who|i spoke|i
   talked|that; someone|somebody|agent|representative|rep told|said|promised;
   transfer|connect|put|forward|pass|redirect|direct me|us through|over? to|with the|your? @dept; @reach
   to|with the|your? @dept; do|does|did not ~ need|want|wanna|require ~
   @human|someone|somebody|transferred|transfer; no need ~ @human|someone|somebody|transfer|talk|speak;
   without ~ talking|speaking|having|a|waiting ~ @human|someone|somebody|anyone|to; do|did|does|would|rather not ~ talk|speak ~
   to|with ~ person|human|agent|anyone|anybody|someone|representative|people; rather not ~
   @human|someone|talk|speak|anyone; give ~ @someone ~ access; instead of ~
   human|person|agent|representative|operator|colleague; do not ~ transfer|connect|put me|us; emergency
   calls; avoid|avoiding ~ human|person|agent|talking|speaking; are|is|am you|this|that|it|i ~
   human|person|robot|bot|machine; can someone|somebody|anyone tell|help|explain;
   property|account|project|relationship|sales|product|password|device|task|file|store|office|case
   manager; booking|travel|estate|insurance|ticket agent; human resources; first person; phone operator;
   mobile operator; network operator; my|our|other|previous|old|current|another|different operator;
   user|admin agent; my|our manager|boss|supervisor; per|each person; app|in person; in person; person ~
   plan; operator ~ switch|switching|port|number; from ~ other|another|previous|old operator
"""

EMERGENCY: Final = """
10: house|home|building|apartment|kitchen|car|room|office is burning|smoking|smouldering;
   modem|router|box|phone|battery|charger|socket|outlet|cable|device|tv|laptop is|are|started|keeps smoking|burning|smouldering|sparking;
   bottle|box|pack of ~ pills|tablets|medication; overdose; he|she is not responding; they|he|she not responding
10: gas|smoke|burning|burnt smell|odor; smelling gas|smoke; too much|many ~
   medication|medicine|pills|insulin|drugs|tablets; took|taken|swallowed too much|many; he|she|they is|are
   not moving|waking|conscious|awake; not breathing; fell|fallen ~ not|can ~ move|moving|up|feel; hit|hits
   ~ head ~ blood|bleeding|unconscious|dizzy; stung ~ swelling|breathe; emergenc*; flames; ending|end ~ my
   life; burst into; in flames; @sick|i ~ poisoned|choking|bleeding|dying|unconscious|collapsed|fainting;
   not ~ respond|responding ~ @sick|he|she|wife; is not|stopped ~ responding ~ help; shoot myself; stopped
   ~ breathing; medical emergency; high|very high fever; chest ~
   pain|pains|hurts|tight|tightness|pressure|hurting|aches; pain|pains|pressure|tightness ~ chest;
   heart|asthma|panic attack|stopped; cardiac arrest; stroke; can|could not breathe|breath|breathing; not
   breathing|responsive|conscious|responding ~ he|she|anymore|help; trouble|difficulty|problems|hard
   breathing|breath; hard to breathe; stopped|stops breathing; struggling ~ breathe|breath|breathing;
   short|shortness of breath; chok*; suffocat*; unconscious*; passed|passing out; fainted|fainting;
   collapsed; seizure*; convuls*; overdos*; poison*; swallowed|swallow|ate|drank|drunk ~
   battery|batteries|bleach|poison|coin|pills|magnet|magnets|detergent|medicine|tablets; too many pills;
   bleed*; blood everywhere; lot|lots of blood; blood coming out; losing ~ blood;
   coughing|vomiting|throwing ~ blood; turning|turned|gone|going blue; suicid*; kill|hurt|harm|hang|cut
   myself|himself|herself|themselves; kill|killing ~ self|someone|somebody; @sick|i ~ am|is|are dying;
   want|going|rather|wanna to ~ die; end my|it ~ life|all; not ~ want|wanna to ~ live; not ~ live|alive
   anymore|any|longer; take my own life; self harm; on fire;
   a|the|there|is|house|electrical|kitchen|big|catch|caught|catching|started|in fire;
   caught|catching|catches fire|flames; flames|burning|sparks|sparking|smoking|smoke ~
   out|from|coming|my|router|modem|box|everywhere|smell|house|outlet|socket; smoke|sparks|flames
   coming|is|are|everywhere; burning smell; smell|smells|smelling ~ gas|smoke|burning|burnt; gas leak*;
   leak* ~ gas; explod*; explosion*; electric|electrical shock; electrocut*; live|exposed
   wire|wires|cable; ambulance; paramedic*; 911; call|dial 112|999; nine one|eleven; call ~
   police|ambulance|fire; fire department|brigade|fighters; severe|serious|heavy ~
   bleeding|pain|burn|burns|injury|reaction|allergic; allergic ~ reaction|shock|swelling|swollen;
   anaphyla*; throat ~ closing|swelling|swollen; break|broke|breaking|broken in|into ~
   house|home|apartment|my|right; intruder*; gun|gunshot|shot|shooting|stabbed|weapon;
   attacked|attacking|raped|assault*|kidnap*; life ~ danger|threatening|death|or; in danger; in labor;
   water broke|broken; contractions; having|baby ~ contractions|baby|coming now?; help|hurry ~
   dying|die|bleeding|fire|breathing; can|could not ~ feel|move ~ face|arm|legs|leg|side; face ~
   drooping|numb|droops; numb|numbness ~ arm|side|face|left; slurring|slurred ~ speech; drown*; accident ~
   hurt|injured|bleeding|injuries; badly|seriously|severely hurt|injured|burned|burnt; @sick ~ fell|fallen
   ~ not|moving|head|unconscious|breathing|responding|up; not ~ waking|wake ~ up; wake up ~ not|he|she;
   high fever ~ baby|child|seizure|seizing; seizing; suffocating; carbon monoxide;
   someone|somebody|he|she|they ~ hurt|injured; medical urgency; lump ~ throat ~ breathe; crushing ~
   chest|pain
"""

NOT_EMERGENCY: Final = """
12: fire sale; on fire sale; work|working|works ~ in|at|for ~ emergency; emergency services|service company|business
11: emergency room|department|visit|care|ward ~
   bill|billed|charge|charged|invoice|insurance|covered|copay|cost;
   bill|billed|charge|charged|invoice|insurance|copay|invoiced|statement ~ emergency; emergency calls|call
   only; no emergency; not|no ~ emergency|emergencies; not an emergency; nobody|none ~ hurt|injured;
   emergency ~ contact|number ~ change|update|list|add|form; emergency contact; smoke detector|alarm ~
   battery|replace|buy|price|cost|sell; fire tv|stick|wall|tablet|hd; the fire tv; heart rate; stroke
   order; call dropping; breaking|broke|broken into ~ account|email; shot ~ flu|vaccine|screen;
   flu|vaccine|screen shot|shots; screen shot; battery dies|died|dead; passing out ~ flyers;
   phone|router|modem|battery|line|box|tv|laptop|tablet|mobile|handset|app ~
   died|dies|dead|dying|killed|kills; dying battery|phone|to try|for a|to know|to get|to have; killing me;
   kill the
"""
