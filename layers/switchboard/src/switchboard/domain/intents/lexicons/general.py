"""Hours, places, small talk and whatever is none of our business; and what is said only to explain."""

from typing import Final

GENERAL: Final = """
8: order|want|deliver|get|buy ~ pizza|sandwich|coffee|flowers|burger|burgers|sushi;
   book|buy|need|reserve|want|get ~ table|flight|hotel|restaurant|taxi|uber|cab; large pizza
7: which store|shop|branch|office|location ~ closest|nearest|near; store|shop|branch is closest|nearest;
   postal|street|mailing|email|office address; head office|quarters; headquarter*;
   shop|store|office|branch|clinic ~ shut|shuts|closes|close|opens|open; need ~ reservation|appointment ~
   come|visit|store|shop; come by; how is it going; how are ~ you|things; what is up; times ~
   thirty|forty|fifty|twenty|ten|hundred|five|six|seven|eight|nine; plus ~ equals; where can i ~ park|find
   you|visit|eat; do you speak|have ~
   spanish|french|german|italian|portuguese|chinese|office|branch|store|location|shop ~ in|at|near?;
   office|branch|store|shop|clinic in|near|at; public holidays|holiday; quickest|best|fastest way ~ to;
   how late; lunch break|hours; open
   tonight|today|tomorrow|now|late|early|sunday|sundays|saturday|saturdays|weekends|weekend; open on;
   mailing address; dress code; visitor*; languages ~ speak;
   opening|business|office|working|store|shop|holiday|visiting|operating|clinic|service|weekend|support|phone|your
   hours|times|hour|schedule; opening|closing time|times|hour|hours; what|which hours; hours ~
   operation|today|tomorrow|sunday|saturday|weekend|holiday|christmas|open; what|when|until|till|how
   time|late|early|long ~ open|opens|close|closes|closing|there|opening|till|until|available ~
   today|tomorrow|till|until?; when ~ you|office|store|shop|clinic|branch
   open|close|opening|closing|opens|closes; are|is|will|be|stay|being
   you|the|your|clinic|office|store|shop|they|branch ~ open|closed|closing|opened;
   you|office|store|shop|clinic|branch open|closed|closing ~
   on|today|tomorrow|sunday|sundays|saturday|now|late|weekends?; until|till what time; reach you ~
   saturdays|sundays|weekend|weekends|time|until|saturday|sunday; where ~
   you|your|nearest|closest|office|shop|store|branch|clinic|located|location|based|headquarters|find you;
   where are you; nearest|closest ~ shop|store|branch|office|location|clinic|one|station;
   your|office|clinic|store|shop|street|mailing|postal|physical|exact|full address; your ~
   address|location|locations; what is ~ address; address of; directions to; how ~ get to|there
   you|your|clinic|office|store|there|shop; do|is|have you|there ~
   parking|branch|store|shop|office|location|lot|elevator|wheelchair|accessible|restroom|wifi; parking*;
   which bus|train|stop|tram; bus|metro|subway|train|tram ~ stop|stops|station|line|go|goes; fax|phone
   number of|for your; located|location*; branch|store|shop ~ downtown|near|in|nearby|close; wheelchair*;
   your fax|email|phone|website|web address|number|site; what is your website|email; zip code of; visit
   you; drop by; walk in
6: let me see|think; what was i; where was i; rain|snow|sunny ~ today|tomorrow|afternoon|weekend|going?;
   get rid of ~ ants|mice|bugs|stain*; interesting about; tie a tie; should i wear; good
   restaurant*|movie*|book*; who painted|wrote|invented|discovered|sang|directed|built|composed;
   restaurant*|cafe|bar ~ around|near|recommend|good; homework; tell me something; favorite ~
   color|food|movie|song|team; who is ~ president|king|queen|pope|minister|actor; write ~
   poem|essay|story|song|email for; what time is it; how tall|deep|big|fast|heavy is|are|was; lyrics;
   celebrity; planet; count ~ to ~ ten|hundred|thousand; fun fact; riddle; sports scores; cat|dog ~
   eat|name|sick; knock knock; sandwich; coffee; flowers; this number works|right|correct; number works;
   what do you ~ do|sell exactly; hold on; one second|moment|sec; give me a second|moment|minute; do not ~
   know what|why ~ i ~ want|called|need|calling; not sure ~ what|why|who|where|how; ignore me; can you
   help|assist ~ me?; i need ~ help; quick question; have a|some question|questions; are you there; is
   anybody|anyone|somebody there; let me think; what is this; who is calling; may i ask; pizza*; burger*;
   recipe*; cook|bake ~ risotto|pasta|cake|dinner|rice|egg|eggs|chicken|bread; tell ~ joke|story; a joke;
   sing ~ song; weather; football|soccer|baseball|basketball|tennis|hockey|cricket
   match|game|score|scores|team|result|results; score of|in the; who won; capital of; capital city;
   president of; lottery; horoscope*; meaning of life; poem; haiku; essay; math; square root; world cup;
   super bowl; stock market; bitcoin; movie*|film; dinosaur*; translate ~ into|to|for; how old is|are;
   population of; tallest|highest|largest ~ building|mountain|country|in the world; do you
   love|like|dream|sleep|eat|believe; marry me; your favorite|favourite; will you ~ marry|date; how far ~
   moon|sun|mars; aliens; what is ~ plus|times|minus|divided; taxi|cab|uber to; flight|flights|plane to;
   hotel ~ room|in; book ~ table|flight|hotel|taxi|restaurant; haircut; politics; election; favorite;
   wrong number; can|do you hear me; who am i ~ talking|speaking; who ~ is|are this|you|there|calling;
   what is your name; are|is you|this|that|it ~
   robot|bot|machine|computer|ai|human|real|person|recording|automated|alive; what can you ~ do|help; how
   are you; what company|is this ~ number|company; is this ~ right number|company; what do you do; what is
   ~ this number; just testing|checking; test|testing one|test|this|only;
   job|jobs|vacancies|vacancy|hiring|career|careers ~ opening|openings|apply?; apply ~ job; are you
   hiring; privacy policy; ceo ~ name|who; founded; press inquiry; sponsor*; history of ~ company; how
   many employees; forgot what i|why; never mind; nevermind; nothing thanks|thank; just saying
   hello|hi|thanks|thank; calling to say ~ thank|thanks|hello; what day|date|time is; general
   question|information|inquiry|enquiry; lost and found; pets; dogs allowed; merry christmas; happy new
   year|birthday
"""

BACKGROUND: Final = """
8: pay|paid|paying for ~ gigabit|hundred|megabits|fast|premium|mbps|fiber|full; i pay good money; good
   money
5.5: i|we ~ upgraded|renewed|purchased|bought|ordered; since|after ~
   upgraded|upgrading|switching|switched|bought|changing
"""
"""It names no need itself."""
