"""Money owed, charged, paid and refunded; cancelling."""

from typing import Final

BILLING: Final = """
8: would be|was|is|a|an|this|that ~ activation|installation|setup fee; fee ~ nobody|never|not ~ told|mentioned|said|agreed; price you charge|charged; not what we ~ agreed; does not add up; agreed ~ price|on; asked ~ for ~
   dollars|euros|pounds|money; total on ~ bill; renewal|subscription|wrong|double invoice|bill|charge;
   about ~ invoice|bill|charge|payment|refund; explain this|the|these|my charge|charges|bill|fee|fees;
   money|cash|payment ~ withdrawn|debited|deducted|taken; discount|promo|promotion|deal ~ not ~
   applied|showing|reflected|show|bill|honored; promised ~ price|month|rate ~ charged|bill|paying|see;
   supposed to ~ be|make|pay|cost ~ month|dollars|euros|pounds; settle up; what i owe
7: itemised|itemized; breakdown; dollar|euro|pound thing|item; thing on my account|bill|statement; refund
   ~ only; old rate; rate went; you got|received|get my|our payment; total ~ pay|owe|due; paperless; sign
   up ~ autopay|automatic|direct; autopay|payment|card|debit|transaction|check ~ go|went|gone|going ~
   through; penalty|penalties; send|mail|post ~ check|payment|money; used my card; my card ~
   used|stolen|charged; the invoice|bill still|lists|shows|includes|says; want|get|need out of ~
   contract|plan|subscription|agreement;
   break|breaking|leave|leaving|exit|exiting|end|quit|quitting|stop|stopping|get rid of ~
   contract|subscription|service|membership|plan|account|policy; cancel|cancelling ~
   contract|subscription|service|membership|plan|account|insurance|line|internet|phone|tv|everything|auto|package;
   cancellation ~ fee|policy|charge|confirmation|form; early termination; notice period;
   annual|monthly|yearly|quarterly billing|invoicing|payment|payments; move|switch|change ~
   annual|monthly|yearly billing|payment; days|time|week|weeks|outage ~ i|we ~ had no service|internet;
   credit|refund|compensation|compensated|reimbursed ~ for ~ days|outage|week|downtime|interruption; no
   internet|service ~ credit|refund; month is bill;
   my|this|the|our|last|next|latest|current|first|recent|new|open|wrong|phone|internet|monthly|year|month
   bill|invoice|statement|bills|invoices; discount|credit|promotion ~
   vanished|from|gone|missing|disappeared|expired|not|on my ~ bill|invoice; bill|invoice|balance ~
   doubled|tripled|jumped|increased|higher|high|more|up|went|wrong; discount ~ bill|invoice
6: separate|combined|paper|electronic|digital|paperless|online
   bill|bills|billing|invoice|invoices|statement|statements; withdrawal*; withdrew; arrears;
   months|weeks|days|payments|payment behind|late|overdue; behind on ~
   payment|payments|bills|bill|account; copy|duplicate|breakdown|explanation of ~
   bill|invoice|receipt|statement|bills|invoices|payment|charges; proof ~ paid|payment; what i paid; paid
   ~ last year|twice|already|online|late|month; wire|transfer ~ money|payment; money ~
   wire|transfer|sent|back|refunded|account; defer*; postpone ~ payment|bill; date ~
   debit|charge|bill|pay|take|payment; instead of ~ dollars|euros|pounds|promised|agreed; go|goes|going
   through ~ payment|card; payment ~
   failed|fail|error|late|arrive|arrived|received|process|processed|pending; card number;
   new|different|another card|bank; change|update|add|remove|replace|save ~ card|bank|payment|billing;
   insurer|insurance ~ paid|pay|pays|covers|cover|denied|claim|bill; deductible*; coinsurance; claim ~
   denied|rejected|status|paid; estimate ~ benefits; explanation of benefits; hsa|fsa;
   sent|send|email|mail me ~ bill|invoice|receipt|statement; unpaid|outstanding|open|pending ~
   bill|invoice|balance|amount|payment; not ~ received|got|get|gotten ~
   bill|invoice|refund|receipt|statement|credit|money|reimbursement;
   hidden|surprise|unexpected|unknown|unauthorized|fraudulent|suspicious|extra|duplicate|mystery
   cost|costs|charge|charges|fee|fees|payment|transaction|item|debit; on ~ my|our|the
   statement|bill|invoice|bank; gift card|voucher ~ redeem|balance|apply|pay; late ~ with ~ payment|bill;
   paid ~ wrong|too|much|for; minimum payment; grace period; interest charge|charges|rate; billing;
   itemized|itemised|detailed bill|invoice|statement|list; breakdown of ~ bill|charges|costs|invoice|fees;
   pay off|down; you owe me|us; promised ~ credit|refund|discount; credit|refund ~ promised;
   charged|charge|billed|bill me|us|my|for|after|when|again|without|too|on; why ~
   charged|charge|billed|bill|paying|pay; payment ~ go|went|gone|going
   through|declined|failed|bounced|rejected|not|twice|received|posted; downgrade ~ invoice|bill; paying ~
   for ~ never|not|do; pay ~ late; direct debit ~ bounced|failed|returned; never ordered; did not ~
   order|rent|buy|authorize|purchase|use; extension ~ payment|due|bill; can not ~ pay|afford; lost my job;
   stop ~ automatic payments|payment|autopay|charging|billing; account ~ suspended ~ payment; due ~
   date|on; for|after|in ~ one month ~ dollars; hundred|dollars ~ for one|a|two month|months;
   dollar|dollars|euros|pounds|bucks ~ month|bill|account|charge|charged; charged|billed
   twice|double|again; double charged|billed|charge; charged|billed ~ twice; charged ~
   wrong|much|extra|incorrectly; pay|settle|clear ~ my|our|the|an|this|outstanding
   bill|invoice|balance|bills|invoices|account; wrong|incorrect|strange|weird|mistake
   charge|bill|invoice|amount|fee; bill|invoice ~ wrong|incorrect|high|higher|mistake|error;
   was|were|been|being|get|got|am|are billed|charged; not ~ want|going|willing|gonna ~ to? pay; still
   being charged; still getting charged|billed|invoices|bills; keep|keeps charging|billing; how much ~
   i|we|my owe|pay|balance|due|bill; what i|we owe; do i|we owe; i|we owe; payment
   plan|arrangement|extension|method|methods|details|terms|history|reminder; final
   bill|amount|invoice|balance|payment; billing
   address|cycle|department|question|issue|problem|period|date|team|matter|inquiry|support|office;
   upgrade|installation|activation|cancellation|termination|late|setup|service|monthly|roaming|hidden|early|reconnection|connection|equipment|admin|no-show
   fee|fees|charge|charges; set up fee; annual|monthly|yearly|quarterly billing|invoicing; did not ~
   order|ask|authorize|agree|subscribe ~ charge|charged|dollar|dollars|bill; money|financial|payment
   problem|issue|question|matter; took|taken|take|taking|withdrew|deducted|debited ~
   money|payment|dollars|euros|pounds|bucks; charge ~ my|our card; charge|charges|charged on|to my|our;
   insurance ~ cover|covers|covered|pay|pays|claim; cover|covers|covered ~ insurance; bill|billed|claim ~
   insurance; copay*; out of pocket; set up|switch ~ autopay|debit|direct; direct|automatic
   debit|payment|payments; change ~ billing|payment; installment*|instalment*
5: bank account; my bank; bank says; charged; apply ~ credit; financial
   hardship|assistance|difficulty|difficulties; hardship; can not ~ afford|pay; can i|we pay; ways to pay;
   want|like|need to pay; pay in; pay over; pay monthly|weekly|annually|upfront; accepted payment;
   visa|mastercard|amex|paypal|venmo|apple pay|bitcoin|cash|check|cheque; payable; collection*; garnish*;
   lowered|lower|reduce|reducing my|the|our ~ bill|payment|monthly; double payment|charge; cost me ~
   extra; credit ~ never|showed|not|apply|applied|up; spent|spend; bought|purchase ~ not ~ mine|me;
   subscription ~ renewed|renew|charged|charge ~ without|automatically|again|me; doubled ~ bill; tripled;
   downpayment; down payment; amount ~ debited|wrong|due|charged|match|owed|billed; debited; prepaid
   balance; top up; credits ~ account|expired|left; store credit; price ~ match ~
   contract|agreed|promised; charged ~ card; refund*; reimburs*; overcharg*; overbill*; overpaid|overpay*;
   invoic*; payment*; past|over due; overdue; late fee|fees|charge|payment; credit|debit card; credit
   note; my|the card ~ expired|declined|rejected|charged; card on file|declined|expired|number; money|cash
   back; owe|owed|owing; account balance; outstanding ~ balance|amount|bill|invoice; bank
   statement|account|transfer|details; autopay; balance due|on|of; my|our|the|current|remaining balance;
   settle|settling ~ balance|copay|account|debt; pay online|now|late|later|off; bills; prorat*; pro rata;
   vat|tax number|id|invoice|receipt; receipt*; dispute ~ charge|bill|invoice|payment|transaction;
   chargeback*; transaction*; collections|collection agency|notice|letter; debt*; bill;
   price|prices|rate|rates went|gone|go|going|increase|increased|hike; increase in|of ~ price|rate|bill;
   monthly|my|our price|rate|cost|costs ~ up|higher|increased|changed|doubled; more expensive
   than|now|this|all; paying|pay ~ too|so|that much; too much ~ pay|paying|charged|money;
   cancel|cancelling|canceling|terminate|terminating|end|ending|close|closing ~ my|our|the|this|a|of
   subscription|contract|plan|account|service|membership|line|agreement|phone|internet|package|policy;
   cancel|cancelling everything|subscription|service|contract|membership|it|account; unsubscribe;
   cancellation; want out of ~ contract; credit ~ for|on my|the|days|outage|downtime|account|bill;
   apply|get|give|receive|issue ~ credit; discount ~ missing|not|promised|expired|gone|disappeared|bill;
   dollar|euro|pound|dollars|euros|pounds|bucks ~ charge|fee|thing|extra|more|instead; extra ~
   dollars|euros|pounds|bucks|money; explain ~ bill|charges|invoice|charge|statement
4: paypal; bill*; charge|charges|charged|charging me|us|my; charge; charges; fee|fees; statement*;
   deducted; money taken|out; deposit ~ back|return|returned; tax|taxes; accounts payable|receivable;
   finance|accounting department|team; iban; due date; pay|paid ~ bill|invoice|fee; pay ~
   card|cash|online|check|phone; cancel ~ effective|subscription|contract; terminat*; paying|pay|paid ~
   money; purchase order number; deduct*; withdraw*; paying twice; paid twice|double; already paid; i have
   paid; switch|move ~ annual|yearly|monthly; proof of payment; afford|pay; waive*; coverage ~ claim;
   reinvoic*
3: pay; money; cancel|canceling|cancelling; owes; due; paid; bank; paying; pay ~ for; debit; my|the|our
   account ~ credit|suspended; suspended ~ account|service; expensive bill; deductible; accountant;
   bookkeep*; usd; ledger; amount; credit
2: months; taxes; accounting; expense*; reimbursement; budget; wallet; cents; account; balance; owing;
   dollars; euros; bucks; pounds; expensive; price i pay; what i pay
"""
