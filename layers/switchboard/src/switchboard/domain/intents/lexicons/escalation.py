"""Complaints about people or the company, and legal threats."""

from typing import Final

ESCALATION: Final = """
8: your support|service|company|team|staff ~ is ~
   disaster|joke|disgrace|nightmare|terrible|awful|horrible|useless|rude|garbage|pathetic; no one|nobody
   ever ~ calls|called|helps|answers|responds; technician|agent|employee|rep ~
   rude|yelled|shouted|lied|unfriendly|late
6: way ~ technician|agent|employee|staff|rep|colleague ~ behaved|acted|spoke|treated|talked;
   behaved|behavior|behaviour ~ technician|agent|employee|staff|of?; disappointed ~ by|with|in ~
   way|technician|agent|staff|service; your|the|a|this
   technician|agent|employee|installer|driver|worker|guy|man|contractor|engineer ~
   left|damaged|broke|scratched|destroyed|stole|shouted|refused|was|made|dirty|mess|drilled|smoked; what a
   ~ company|service|joke|disgrace; you are|were ~
   terrible|awful|horrible|useless|worst|incompetent|liars|thieves|crooks|joke|pathetic|disgrace; how i
   was ~ treated; treated ~ me|us|like|badly; wants|want|like|going to ~ complain; the worst company ever;
   never doing business; take my business; losing ~ customer;
   make|file|lodge|submit|register|raise|place|have|put|got|with|about|formal|official|want|log ~
   complaint; complaint about|against; complain*; complaint*; report ~
   agent|technician|employee|you|rep|worker|driver|colleague|to; grievance*; your|the|one|a|an|of|that
   agent|agents|technician|technicians|employee|employees|colleague|colleagues|staff|rep|reps|people|guy|lady|woman|man|worker|person|doctor|nurse|receptionist|team|driver|salesman|installer
   ~
   rude|lied|lying|hung|disrespectful|insulted|yelled|shouted|laughed|unprofessional|unfriendly|impolite|horrible|treated|ignored|incompetent|racist|harassed|threatened|cheated|damaged|stole|awful|swore|cursed|screamed|mocked;
   hung up on|me; hang up on; treated me|us ~ badly|like|poorly|unfairly; rude to|with|and;
   so|very|really|extremely|incredibly|was|were|is|are|being rude; how|way ~ staff|was|been|agent|people
   treated; lied to; cheated|betrayed me|us|off|by; worst
   company|service|provider|customer|experience|clinic|support|people|business;
   terrible|awful|horrible|disgusting|disgraceful|appalling|lousy|bad|poor|worst|unacceptable|pathetic|dreadful|shocking
   company|customer|service|experience|support|treatment|staff|people|attitude ~ service|care|support?;
   unprofessional*; incompeten*; disrespect*; discriminat*; harass*; negligen*; malpractice; misconduct;
   your company ~ joke|scam|fraud|disgrace|terrible|awful|horrible|worst|liars|thieves; nobody|no|none ~
   calls|called|call|answers|answered|helps|helped|helping|cares|listens|responds|responded|returns
   back|me|us|my?; never ~ call|calls|called|calling|return|returns back|me; you people|guys are ~
   liars|thieves|crooks|criminals|useless|incompetent|idiots|worst|terrible|awful|joke|scammers|robbers|ridiculous;
   bunch of; leave ~ bad|negative review; bad|negative|one star review; one star; social media;
   go|going|tell|call|contact|write ~
   press|media|newspaper|newspapers|journalist|tv|twitter|facebook|news; disgrace;
   crooks|thieves|liars|scammers; not happy|satisfied|pleased|unhappy|dissatisfied|disappointed with|by|in
   ~ staff|you|how|company|treated|treatment|agent|people; unhappy|dissatisfied ~ with
   how|staff|your|company|the; feedback about ~ agent|technician|employee; escalat*
"""

LEGAL: Final = """
9: informed|contacted|hired|called ~ attorney|lawyer|solicitor; going|go|goes to court; taking|take ~
   legal; my|our|a|an|the|with|get|call|hire|calling|contact|talk|speak|involve
   lawyer|lawyers|attorney|attorneys|solicitor; hear|hearing from ~ lawyer|attorney|solicitor; lawyer*;
   attorney*; solicitor*; sue you|your|them|this|the|for; suing; going|will|gonna to? sue; lawsuit*; legal
   action|steps|proceedings|consequences|department|claim|matter|threat; take|taking|see|go|going|meet ~
   to court; in court; small claims; consumer protection|rights|agency|affairs|court; ombudsman; better
   business bureau; bbb; attorney general; regulator*; report|reporting you|your|this|them ~
   to|authorities|police|regulator|fcc; fcc; trading standards; press charges; police; data protection
   authority|officer; gdpr complaint; breach of contract; class action; subpoena*; litigation
"""
