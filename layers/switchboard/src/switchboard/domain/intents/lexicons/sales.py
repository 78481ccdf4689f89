"""Buying, upgrading, prices and availability."""

from typing import Final

SALES: Final = """
8: speed|speeds of ~ package|plan|tier|premium|tariff|offer|fiber
7: how much ~ for ~ just|only; just|only internet|tv|phone; do you have ~
   galaxy|iphone|pixel|samsung|model|color|blue|black|phone; your|what rates; rates for;
   fastest|cheapest|best|biggest|largest|highest ~
   connection|internet|plan|package|option|speed|tariff|offer|phone; how fast ~
   is|internet|connection|fiber; contract|contracts|plan|plans|phone|phones without ~
   phone|contract|commitment|credit; what ~ run|runs|cost|costs|pay ~ per|year|month|for|seats; how much ~
   run|would|will|to|extra ~ add|be|cost|upgrade|get|have; take|taking out ~
   contract|subscription|plan|policy; do you ~ do|have|offer|sell|carry ~
   botox|contracts|deals|fiber|phones|discounts|cheaper|student|business|prepaid|esim|bundle|financing|trials|anything|packages;
   evaluating|evaluate|comparing|considering|reviewing ~
   tool|tools|vendors|vendor|options|providers|software|solutions|you|your; shortlist*; show it to us;
   show us ~ product|tool|software|platform; who ~ show ~ us|it; see ~ product|tool|software|platform ~
   action|live|demo; when ~ fiber|5g|internet ~ come|available|coming|arrive|reach; get ~ my|a|our
   mum|mom|dad|son|daughter|wife|husband|kid|kids|mother|father|grandmother ~ phone|tablet|plan|line|sim;
   add ~ my|a son|daughter|wife|husband|kid|child|partner|mother|family|spouse ~ plan|line; discount
   for|on; discounts; anything|something cheaper|better|faster|bigger|smaller; cheaper; bundl*; can i ~
   get|have|combine ~ bundle|discount|both|together; talk ~ to ~ sales; next tier|level|plan; move ~ up
   to|higher; current customers ~ offers|deals; loyalty; tell me more; learn more about; more information
   ~ on|about; info on|about
6: do you have internet|fiber|coverage|service|5g|plans|anything; which ~ best|better|suits|right ~ for;
   demonstration*; existing customers;
   home|business|mobile|tv|security|landline|voip|cloud|starter|growth|advanced|professional|platinum|gold|silver|basic
   plan|plans|package|packages|offer|offers|solution|solutions|bundle|internet|edition|tier|line|lines;
   what ~ would be|is|are ~ best|right|cheapest|good|ideal ~ option|plan|one|for; get ~ new
   phone|plan|contract|line|tablet|internet|sim; want|like|need|looking ~
   second|another|additional|extra|new|more|bigger|better|faster|cheaper ~ @plan|one; want|like|need|would
   ~ to? get ~ phone|internet|tablet|fiber|plan|contract|line|sim|tv|quote|offer|router ~ for?;
   request|get|need|want|send|give ~ quote|quotation|estimate|proposal|pricing|offer|brochure; how long ~
   contract|commitment|minimum|deal|offer|promotion; is there ~
   discount|deal|promotion|offer|sale|special|trial|package|plan; any ~
   discount|discounts|deals|promotions|offers|specials|sales; offer ~ still|valid|going|available|on;
   still ~ available|valid|running ~ offer|deal|promotion?; subscribe; take ~ you up; sign ~ up ~ for;
   sign me up; compare|comparison; versus; which one ~ better|best|cheaper|recommend|should; pros and
   cons; upgrade; gift card|cards ~ buy|sell; accessories|case|charger|headphones ~ buy|sell|have|cost;
   out of stock; back in stock; preorder; delivery time|cost|costs; warranty ~ extended|buy|include|cost;
   extended warranty; insurance ~ phone|device ~ buy|add|cost; nonprofit|education|startup|veteran ~
   pricing|discount|rate|plan|offer; partner|reseller|affiliate program|programme; rfp; tender;
   procurement; purchase order; which|what ~ phone|plan|device|package|tablet ~
   recommend|suggest|best|right|good; recommend|suggest ~ phone|plan|package|tablet|for me|us|my;
   do|does|can you ~ cover|serve|service|deliver; opening|starting|have ~ second|new|another
   office|branch|store|business|location; need ~
   connectivity|internet|lines|phones|licenses|seats|tablets|laptops; price match*; month to month;
   minimum term; what|how ~ included|include ~ in|the?; included ~ plan|price|package|tier|edition; does ~
   plan|package|edition|tier|version ~ include|have|come|cover|support; same price; cost|costs me|us|to|a
   ~ double|upgrade|add|month|get|have; deal ~ expires|expired|ends|tv|online|saw|advertised|offering;
   shopping around|for; tell|hear|know|learn|info|information|details ~ about|on ~
   packages|plans|offers|package|plan|business|deals|products|pricing|premium|fiber|services|enterprise;
   iphone|galaxy|pixel|samsung|ipad ~ stock|available|price|cost|buy|new|sell|offer|deal; in stock;
   account executive; volume ~ pricing; another provider; competitor*; waiting list; do|will you match;
   internet ~ my|our|the|a new place|home|office|house|apartment|business; get internet; get ~ phone|sim ~
   for my|our; student|senior|military|family|loyalty|veteran discount|offer|plan|rate|deal;
   treatment|procedure|whitening|laser|therapy|session|checkup|consultation ~ cost|price|pay|much; offer ~
   treatment|laser|therapy|whitening|financing|payment; how long ~ contract|term|commitment; how many
   users|seats|lines|devices ~ included|plan|tier; for|at twenty|thirty|forty|fifty|ten nine|ninety; roll
   ~ over plan; trade ~ in|old; can i ~ get|have ~ discount|deal|cheaper|better; more|extra|additional
   storage|data|minutes|users|seats|channels|speed|bandwidth; downgrade ~ plan|package|to|subscription|my;
   upgrade ~ options|price|cost|available|offer|eligible; eligible ~ upgrade|discount; eligib*; @want|get
   ~ buy|purchase|upgrade|order|subscribe ~ new|bigger|faster|larger|a|another|more|the|my|our; upgrade ~
   plan|package|phone|internet|subscription|tier|contract|speed|fiber|premium|pro|data|my|our|to; add ~
   line|lines|seats|licenses|channels|data|package|option|feature;
   another|second|additional|extra|new|more
   line|lines|seat|seats|license|licenses|plan|phone|phones|contract|data|sim; how much ~
   @plan|cost|costs|upgrade|whitening|checkup|cleaning|premium|pro|enterprise|it|that|one|consultation|session|treatment|month|per;
   what ~ cost|costs|price|prices|pricing|charge ~ for?; price ~ for|of|on|per|list|quote|range; prices;
   pricing; price quote|list|comparison; quote|quotation|estimate|proposal ~ for|on|of?; cost of|per|for;
   do|does|did you ~
   sell|offer|carry|stock|deals|discounts|plans|promotions|specials|packages|offers|discount|deal; what ~
   plans|packages|deals|offers|options|tariffs|products|promotions|bundles|specials|kind|phones|speeds|plan|offer;
   which ~ plan|package|tariff|tariffs|plans|bundle|offer|edition;
   new|better|best|special|current|good|cheaper|cheapest|attractive
   deal|deals|offer|offers|rate|rates|plan|plans|price|internet|tariff|package|option;
   switch|switching|come|coming|move|moving|change|changing|go ~ to
   you|another|different|bigger|faster|larger|premium|unlimited|fiber|better|higher|cheaper|pro|annual|business|family|smaller;
   free trial; trial period|version|account; book|get|see|schedule|have|request|arrange|give ~ demo;
   product|live|quick demo; request ~ quote|demo|proposal; difference between ~
   plan|plans|package|packages|and|pro|basic; compare ~ plans|packages|options|plan;
   fiber|service|internet|coverage|5g|it|that available|availability|offered ~ at|in|for|my|here;
   available ~ at|in my|our|the|this
   address|area|street|neighborhood|building|town|village|region|zip|house; fiber ~ my|our|this
   street|address|area|house|building|town|village|neighborhood; check ~ availability; availability ~
   at|in|of|for; looking for ~ @plan|new|something|internet|provider; in the market; sign
   up|signing|subscribe ~ for|to plan|fiber|internet|service|offer|deal|the|a;
   faster|bigger|larger|higher|unlimited
   internet|plan|speed|package|data|tier|connection|one|tariff|allowance
5: downgrad*; recommend; price range; new ~ line|number ~ for; international calling|calls|minutes;
   prepaid; pay as you go; contract length; package deal; sports|movie|movies channel|channels|package;
   accept new patients; buy*; purchas*; upgrad*; quote; quotes; deals; deal; discount*; promo*; special
   offer|offers|price; sales ~ team|department|rep|question|person|guy|people; sales; interested in ~
   @plan|business|your|getting|buying|premium|switching|upgrading|enterprise|having; interested in;
   cheapest; cheaper ~ plan|one|option|provider|package; demo; unlimited ~
   data|plan|calls|minutes|texts|things|thing;
   family|business|student|premium|enterprise|basic|pro|unlimited|senior|prepaid|starter|standard|roaming|international|data|team
   plan|plans|package|packages|offer|edition|tariff|tier|tariffs|discount|version|bundle|rate|subscription|account|fiber|internet;
   renew ~ contract|plan|subscription|my|our|it; renewal; renew*; contract ~
   runs|running|ends|ending|expires|expiring|up|renewal|over; extend ~ contract; new provider|customer ~
   offer|deal|discount; from another|different|other ~ provider|company|carrier; more
   seats|licenses|data|users|storage|minutes; bulk|volume|student|senior|loyalty|military
   discount|order|pricing|licenses; saw ~
   ad|advert|advertisement|commercial|offer|flyer|promotion|billboard;
   ad|advertisement|advert|commercial|flyer; black friday; trade in; accept|take the offer; take ~
   offer|deal; get ~ fiber|internet|phone|tablet|plan|quote|price|package|data|line|iphone;
   want|need|wanna ~ internet|fiber|plan|phone ~ for my|our|new|the|office|home|house; how much ~
   cost|for|is|are|does|do|would|per; ship|delivery ~ cost; do you ~ ship|deliver; order ~
   new|phone|box|fiber|tablet|router|modem|another|one|a|the|it|some; talk ~ sales; product
   catalog|brochure|information; brochure; catalog*; purchase; enterprise ~ pricing|edition|plan|license;
   licensing; number of seats; thirty|twenty|ten|fifty|five|hundred|more|additional|extra|new ~
   licenses|seats|lines|phones|laptops; more|additional|extra users; bundle*; early bird;
   lease|leasing|rent ~ phone|equipment|router; pre order; preorder*; special|specials|promotions; sell;
   do you have ~ iphone|phone|fiber|plans|tablets|phones|deals|stock; try ~ out|product|free|before
4: provider; bigger; plans; packages; package; tariff*; offer; offers; price; cost; costs; order|ordering;
   sign up; license|licenses; sell*; available; availability; brand new; switch ~ you; trial; fiber;
   premium; offering; unlimited; coverage; roaming package|pass|option; new
   phone|phones|tablet|laptop|iphone|tv|router|modem|box|contract; get one|something|new|a ~ new; become ~
   customer; compare; save money; competitor; interested; add a|an|another|more; business internet
3: contract; plan; cheap|cheaper; faster|better; affordable; product; products; second line; additional;
   more|bigger ~ data; megabit|megabits|gigabyte|gigabytes|gig; expensive plan; acquire; get a; tell me ~
   about your|the ~ plan|offer|product|service; option|options
2: contracts; evaluating; tools; stream; fast; faster; mobile; gigabit; family; students; business;
   customers; sale; shop; stores; gift; brand; new; subscription; options; want to get; looking for;
   information about; seats; order
"""
