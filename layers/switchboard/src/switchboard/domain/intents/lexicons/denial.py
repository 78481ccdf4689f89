"""What takes words back: orders to the model, negations, and reports that all is well."""

from typing import Final

INJECTION: Final = """
9: approve a|the|my refund ~ of ~ dollars|euros|pounds; your task is; you are a|an ~ assistant|bot|ai|model|chatbot ~ that|who|now?; always answers|answer|responds|say|says;
   answer|respond|reply billing|sales|technical|escalation|onboarding|general; you are no longer|not ~
   a|an assistant|bot|ai|phone; no longer ~ assistant|bot|ai;
   ignore|disregard|override|bypass|overwrite|neglect|forget ~
   all|any|your|previous|prior|above|earlier|the|my|these|those|every|system ~
   instruction*|rule*|prompt*|guideline*|direction*|orders|command*|programming|training|polic*|restriction*|constraint*|everything|told|safety|context;
   ignore|disregard|forget everything|anything|all|whatever ~
   told|said|before|above|you|instructed|learned|know; ignore|disregard|forget|override ~
   instruction*|guideline*|prompt*; ignore|disregard the|all|everything above|prior|previous|rules;
   instruction*|prompt* ~ above|override|ignore; you are now ~ a|an|the|in|my|called|free|no; you are
   the|a ~ assistant|bot|ai now; you must|should|will|shall|may|can ~ only|always ~
   answer|respond|reply|say|output; you must|should|will|shall only ~ answer|respond|reply|say|output; you
   must|should|will|shall answer|respond|reply|output|obey ~ with|as|only|in|to; from now on;
   act|behave|pose|roleplay ~ as|like ~ a|an|if|though|my|the|you; role play; pretend ~
   to|you|that|i|be|are|this|there; play ~ a game ~ where; let us play; stop being; no|any
   restrictions|filters|guidelines; have|has|with no rules|limits|restrictions|filters; without ~
   restrictions|filters|rules; free of|from ~ restrictions|rules; new persona; your
   new|real|true|actual|hidden|secret|original|initial ~
   instructions|task|role|purpose|goal|rules|identity; system prompt|message|override|instruction*; system
   :; assistant :; user :; your ~ prompt|programming|guidelines; your
   initial|hidden|secret|original|internal|own|full|exact instructions|rules|prompt; what ~ instructions ~
   were|did|you; instructions ~ you ~ given|received|have|follow;
   print|reveal|show|repeat|output|dump|leak|display|expose|recite|tell ~
   prompt|instructions|guidelines|secrets|hidden|confidential|configuration; repeat ~ word for word;
   repeat after me; developer|debug|god|admin|root|sudo|dan|jailbreak|unrestricted mode; jailbreak*; sudo;
   do anything now; unrestricted; unfiltered; uncensored; simulate*; hypothetical*; grandmother|grandma
   used to; secret word|instructions|prompt; hack into; rm rf; drop table; select from; base64; script
   alert; classify ~ as|this|me|it|everything;
   label|categorize|categorise|tag|mark|flag|rate|score|treat|route|log ~
   this|the|caller|call|message|conversation|everything|utterance|me|it ~ as;
   output|return|print|emit|respond|answer|reply|assign|set|say|write ~
   intent|label|class|category|classification|billing|technical|sales|escalation|onboarding|general|json|confidence;
   answer|respond|reply ~ only|always|everything|nothing ~ with|word|json|else?;
   intent|label|class|category|classification|sentiment|confidence :; intent|class|category|classification
   is|should|must|to|equals|as ~ billing|sales|technical|escalation|onboarding|general|be|set; the intent;
   confidence|priority|sentiment ~ 1|one|100|max|maximum|high|critical|positive|zero; json; as ~
   developer|administrator|admin|ceo|creator|engineer ~ i|we
   order|command|instruct|authorize|require|demand; i am your|the ~
   developer|creator|administrator|programmer|master|ceo; new|updated instructions|rules|prompt|directive;
   end of ~ prompt|instructions|input|text|caller|message|transcript; begin new;
   give|grant|transfer|send|issue|approve ~ every|all|each|everyone ~
   caller|callers|customer|customers|refund|refunds|request|requests; other|all|another|every
   customers|customer|callers ~ data|records|names|numbers|information|accounts|details;
   dump|list|show|give ~ customer records|database; credit card numbers of|for; approve ~ every|all|any;
   activation|license keys for free; prompt injection; ai language model; language model;
   instruction*|attention|note ~ for|to ai|model|assistant|classifier|system; attention
   ai|model|assistant|classifier; overrid*; transfer one|a million; make me ~ admin|administrator|vip; you
   ~ have no rules; win|won|game ~ no rules; hidden instruction*; reset ~ your ~
   instructions|memory|rules|programming; disable|turn ~ your ~ safety|filters|filter|rules|restrictions
"""

BACK_TO_THE_MATTER: Final = frozenset(
    "anyway anyways besides seriously honestly actually btw meanwhile otherwise nevertheless however".split()
)
"""Words after which a caller means what is said, also behind an injection."""

OWN_WORDS: Final = frozenset("i my we our why when how where what can could is are does there".split())
"""Beginnings of a clause that speaks of the caller's own matter rather than ordering the model about."""

NEGATION: Final = """
1: not ~ need|want anything; not ~ need|want|asking|looking|calling ~
   tech|technical|billing|sales|support|refund|help|for; nothing is|was; nothing wrong|broken; not ~ a|an
   ~ thing|matter|question|problem|issue; not have ~ problem|problems|issue|issues|trouble with; not ~
   want|need ~ a|an|any|the|to|my; not ~ calling|call|phoning|here|ringing|contacting ~
   about|for|because|to|regarding|with; is|are|was not ~ about|a|an|any|my|the|your|because|for|regarding;
   do|does|did not ~ need|want|wish|plan|intend|like|care ~ a|an|any|the|to|help|your|about|my|new;
   do|does not have ~ a|an|any; have not ~ got a|an|any; not ~
   looking|trying|interested|asking|complaining|going ~ for|to|in|about; nothing to do with; not a|an;
   not|no technical|billing|sales|support|onboarding; no ~
   problem|problems|issue|issues|question|questions ~ with|about; rather than; instead of; never mind ~
   the|my|about; forget ~ the|about|my; no interest in; no not; not
   the|my|for|because|about|buying|selling|cancelling|canceling|complaining; no complaint*|complaints;
   without buying|cancelling|canceling|upgrading|paying
"""

WORKS: Final = """
1: @net|@device|@software|everything|it|that|all works|working|runs|is|was|are
   fine|perfectly|well|great|good|okay|fixed|perfect; @net|@device|@software|everything|it|that|all is|are
   working ~ fine|perfectly|well|great|good|okay|now|fixed|again; works|working|runs
   fine|perfectly|well|great|good|okay|flawlessly
"""
