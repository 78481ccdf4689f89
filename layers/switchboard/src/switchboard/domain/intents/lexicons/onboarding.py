"""New customers, activation, installation, numbers that move, colleagues who join."""

from typing import Final

ONBOARDING: Final = """
9: steps ~ open|create|start|join|register ~ account?; register it|my|a ~ sim|prepaid|card|device?; how ~ register ~ it|sim|prepaid
8: prepare|ready for|before ~ technician|installer|engineer|installation|visit;
   technician|installer|engineer is visit|appointment; get ~ employees|team|staff|users|people|colleagues
   onto|on|into|started; onto the platform|system|app|software; give|grant|provide|get ~
   colleague|coworker|assistant|teammate|employee|partner|user ~
   access|account|login|log|seat|rights|permission; access for|to ~ colleague|coworker|team|new;
   sign|signing up as|a|new ~ patient|client|customer|member; new line|service|internet|contract|account ~
   live|active|start|starts|activated|begin|begins|ready|connected|switched; goes live; esim|qr ~
   code|new|where|activate|install|set; qr code; fitter*; i|we am|are new ~ with|to|at|here|and; am new;
   are new; new with; new to; new patient|patients|customer|client|member|user|hire|starter; not ~ been ~
   before ~ practice|clinic|patient|office; first ~ visit|appointment ~ bring|what|forms|when; contract ~
   signed|started|starts|start|begins|new ~ when|where|router|sim|esim|how
7: to get started; import ~ list|customers|contacts|products|spreadsheet|catalog; welcome
   pack|kit|box|letter ~ missing; make it work ~ sim|first|new?; got my sim; get|getting ~
   service|account|line|internet|everything|things going|running; new accounts|account|users|user|seats ~
   for ~ people|hires|starting|staff|employees; starting on|monday|next; guide for ~ new|admins|users; new
   admins|admin; introduction ~ tool|product|software|platform|team|system; give ~ team|us|me|staff ~
   introduction|training|tour|walkthrough|demo ~ how?; tour of; walkthrough; orientation; how to
   begin|start; where ~ begin|start; do not know ~ how ~ works|begin|start ~ new|just?; start ~ next
   week|monday|tomorrow|using|with; start next|on; bring ~ number ~ across|over|with|along|from|to; number
   ~ across|over|carried|brought|port*|moved|transferred|kept|keep; number moved; have ~ number
   moved|ported|transferred; pass ~ my number; been ~ booked|scheduled ~
   installation|technician|fitter|engineer|visit; come|comes|coming round|by|over|out ~
   install|connect|set|fit; do i ~ have|need to be ~ home|there|present; be home; be at home;
   waited|waiting ~ weeks|days|months|for ~
   activation|installation|router|modem|sim|connection|line|number|installer; waiting for ~
   activation|installation|router|modem|sim|connection|port|technician ~ come|arrive?; activation ~
   code|email|link|fee|date|status|process|not|failed; login|log details|credentials ~
   new|never|not|received|first|welcome; credentials ~ first|new|received|never|not; register*; verify ~
   my|identity|account|email ~ new|register*|sign?; identity verification; welcome; pre ~ registration;
   transfer ~ records|chart|prescriptions|medical; switch|switching|switched ~ from ~ to you ~
   number|keep|yesterday|last|when|how; when ~ will|does|can|is ~
   connected|activated|installed|set|ready|live|active|delivered|ported|transferred|installation|install|installer;
   how long ~ take|takes|until|before ~
   activate|activated|install|installed|installation|port|ported|transfer|number|connected|set|live|begin|start|delivered;
   what ~ need ~ get started|register|open|sign|join|begin|start|bring|prepare|before; what documents;
   which documents|forms|papers|paperwork; id|passport ~ need|bring|register|sign|upload; data migration;
   migrate; migration; import|importing ~ our|existing|old|data|contacts|from; set|setting ~ up ~
   users|team|accounts|workspace|company|organization|new|profile|my|our|the ~ first|new|everything?;
   set|setting ~ up ~ new|just|first|everything|account|service|profile|organization|workspace; admin
   account; first admin; create ~ first|new|account|users|team|workspace|profile|project|company;
   provision*; signed|sign ~ contract ~ last|yesterday|today|week|just|ago|when; i|we|just|recently
   ordered|signed|subscribed|joined ~ last|yesterday|week|ago|today|days; when ~ get|receive|expect ~
   router|modem|box|sim|kit|equipment|phone|installer|device|card|hardware; ordered|order ~ not ~
   arrived|come|here|delivered|shipped; who is coming; plug ~ in first; what ~ plug;
   switch|switched|turn|turned|hooked ~ line|service|internet|power ~ on; line|service|internet ~
   switched|turned|hooked on|up; before ~ technician|installer|installation|install;
   installer|technician|engineer|installation|installers ~
   show|showed|came|come|coming|arrive|arrives|appointment|late|never|missed|supposed|scheduled|no; no
   one|nobody|never|not ~ showed|came|show|turned|come ~ up|install|installation; porting|port
   date|request|status|my|process|code|out|in; take|bring|keep|keeping|move|transfer ~
   landline|mobile|phone|current|existing|old|same|my number; add ~
   hires|hire|users|user|colleague|colleagues|coworker|coworkers|employee|employees|teammate|teammates|person|people|members;
   kickoff*|kick off; schedule ~ kickoff|onboarding|training|installation|setup|install; set up ~
   company|our|new|team|account; first appointment|visit|day|login|invoice|consultation|time; what ~
   bring; activate|activated|activation|activating ~ account|line|sim|card|service|phone|link|number|my;
   only|just joined|started|registered|enrolled|moved ~ today|yesterday|in?; just|recently moved;
   confirmation email; move|moving|moved in|into; new sim|esim ~ activate; new sim; keep|keeping|port ~ my
   ~ number
6: just|recently ~ moved|bought|got|received|ordered|signed|joined|started|became|switched|opened ~
   router|modem|box|kit|sim|phone|your|service|account|new|contract|here|up|in; got|received|have ~
   new|the|my router|modem|box|kit|sim|equipment|esim ~ how|what|where|plug|now|next|set|do|install;
   unbox*; instructions ~ set|install|start|router|box|come|came; which cable|cables|port|plug; where ~
   plug|connect|insert|put ~ sim|cable|router|box|modem; insert ~ sim|card; appointment ~
   technician|installation|install|fitter|engineer|line|connection; self ~ installation|install; equipment
   ~ arrive|arrived|shipped|delivered|come|tracking; tracking ~
   router|modem|box|sim|kit|package|order|equipment; new|first ~
   customer|client|patient|user|subscriber|member ~ here|and|with|to|would|wanting|at|of?; i|we am|are ~
   new|first ~ customer|client|patient|user|here|to this|with; new to you|your|this|the;
   just|recently|newly ~
   signed|joined|registered|subscribed|became|become|bought|purchased|opened|enrolled|switched ~
   up|with|you|to|your?; signed up ~ yesterday|today|last|week|and|ago|online|for; activat*; install
   appointment|date|slot|visit; installation*; installer*; technician|engineer|someone|somebody|guy|tech ~
   install|installing|connect my|hook|set; come|coming|arrive|arriving ~ install|connect my|set up;
   install ~ line|fiber|internet|box|service|router|modem|it|my|our; get|have|got ~
   installed|connected|activated|hooked; hook up|me; connect|connecting ~ my|our|the new
   house|home|apartment|office|line|flat; installed at|in|next|tomorrow|on|yet; set|setting up ~
   new|account|service|box|first|workspace|router|modem|company|team|profile|device|everything|my|our|it ~
   first|new|account|time?; first time set up|user|login|log|customer|configuration; first ~ set
   up|steps|step|visit|appointment|time; for the first time; initial ~
   set|configuration|password|registration; initial; set up ~
   first|account|service|workspace|organization; get|getting|got|help ~ started; where to begin|start;
   what ~ happens|do|comes next; next steps|step; onboard*; welcome
   email|mail|letter|kit|package|pack|message|call|link|gift; starter|starting kit|pack|package; self
   install*; port ~ number|numbers|in|over|my|our; porting;
   keep|keeping|transfer|transferring|bring|bringing|move|moving|take|taking|carry ~ number|numbers ~
   from|over|to|with|when|old|provider?; number ~ ported|transferred|moved|porting|carried ~
   over|yet|from?; bring ~ number; invit*; add|adding|adds ~ @member|account|seat; add ~ new
   user|users|colleague|employee|team; create|open|opening|creating ~
   account|profile|accounts|workspace|user|users; registration; enroll*; sign ~ up as new|patient;
   becoming|become|became ~ customer|client|member|patient; new ~
   hire|hires|employee|employees|colleague|colleagues|starter|team|patient|account|user|users|member|members|customer|customers|client;
   training; tutorial*; train ~ our|my|us|new|team|staff; import ~
   existing|contacts|data|customers|users|our|my; migrat*; kick off
5: sim ~ arrived|came|activate|activated|new|activation|card; new sim|box|router|modem|device ~
   set|up|activate|arrived|came|install|connect|plug|start;
   router|modem|box|kit|equipment|device|phone|sim|package|it arrived|came|delivered|got|just ~
   how|set|up|activate|start|begin|install|today|now?; got|received ~ new|my|the|our ~
   router|modem|box|sim|kit|equipment|device ~ how|set|up|do|activate|start|begin|install|connect; not ~
   arrived|received|come|delivered ~ router|modem|sim|kit|box|equipment; when ~
   router|modem|sim|kit|equipment|box ~ arrive|come|delivered|get|shipped; set anything up; set up yet;
   walk me|us through ~ set|start|registration|first|account|installation; when ~
   service|line|internet|number|account|contract|connection ~
   start|active|ready|live|begin|connected|on|activated|switched; go|going|went live; ready to
   use|start|go; how ~ start|begin; not ~ set|started|activated|connected|installed ~ yet;
   reschedul*|postpone|move|change|confirm|book|cancel|schedule ~
   installation|appointment|install|technician|visit|installer; appointment|visit ~
   installation|install|technician|installer|fiber|line; technician ~
   coming|come|supposed|appointment|arrive|scheduled|showed|show|never; new
   address|house|apartment|home|flat|place|office ~
   connect|internet|set|service|start|connected|install|line|activate; moving|moved|move ~
   house|home|apartment|address|in|place|flat|office|into
4: esim; set up; setting up; getting going|started; started; begin; new here; number ~
   over|provider|transfer|moved; old|previous|current|existing number|provider ~ number?; my number; keep
   ~ number; appointment*; forms|paperwork|documents ~ fill|need|bring|before|first|sign|new; fill ~
   forms|form|out|in; intake*; onboarding; sim card; sim; deploy*; rollout; implementation; kickoff;
   permissions for ~ new; first ~ login|log|day|week|use|bill; new ~ apartment|house|home; schedule|book ~
   appointment|visit; referral*; create
3: account ~ created|opened|ready; link ~ activation|invitation; technician ~
   when|time|friday|monday|tuesday|wednesday|thursday|saturday; start ~ using; arrives|arrived; delivery;
   shipped|shipping|ship|delivered; tracking number; registered; import; installed; configuration; just
   joined; enroll
2: fitter; introduction; colleague; team; access; live; booked; home; learn; first; joined; colleagues;
   users; start; starting; new customer; number; install
"""
