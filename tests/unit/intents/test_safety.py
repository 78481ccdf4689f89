"""What must never be missed, and what must not be taken for it, in many words."""

import pytest

from switchboard.domain.intents.rules import understand
from switchboard.domain.understanding import Intent

HUMAN_WISHES = """
i'd like a human
is there any way to speak to a human
could you get a human on the phone
please, a human
human being please
i need to speak to someone
can you put me in touch with a person
i want to speak with an actual employee
i want someone real
connect me to your people
get me out of this robot
can't i just talk to a person
i need a live person
representative please
agent
operator
speak with a supervisor
let me speak to your boss
i demand to speak to a manager
transfer me to somebody
i would like to talk with an advisor
not a machine a person
who can i talk to that's human
do you have any humans there
i want to speak to the person in charge
is there a live agent available
may i speak to a colleague of yours
i don't like talking to robots
give me customer service
i want a callback from a human
stop, human
could i be put through to someone
hand me over to a human
pass me to an agent
switch me to a person
i only talk to humans
can i speak to anyone
i wish to speak to a representative
i'm not talking to a bot
no bots
a person please
real human please
talk to a representative
someone from your team please call me
i need human assistance
let me talk to a man or a woman, not a machine
you're a bot, i want a person
quiero un humano
con una persona por favor
páseme a un operador
je veux un humain
passez-moi quelqu'un
un opérateur
ich will einen Menschen
einen Mitarbeiter bitte
verbinden Sie mich
voglio una persona
un operatore
quero um atendente
falar com uma pessoa
could you escalate me
i want to speak with whoever is responsible
please connect me with a representative about my order
""".strip().splitlines()

EMERGENCIES = """
my wife fainted and does not wake up
i'm having trouble breathing
i have a terrible pain in my chest
he had a heart attack
there's a fire
the house is burning
i smell smoke
my kid drank bleach
i cut myself and it won't stop bleeding
i'm suicidal
i'm going to end my life
my son overdosed
i can't breathe properly
she's choking
call an ambulance
we need the fire department
there was an explosion
someone broke into my house
he has a gun
i think i'm dying
my grandmother fell and can't get up
my baby isn't breathing
smoke is coming from the router
the modem is smoking
there are sparks coming from the cable
my water broke
he's unconscious
severe allergic reaction
i took a whole bottle of pills
i'm bleeding badly
my husband is having a seizure
my chest hurts and my arm is numb
i want to die
this is an emergency please help
my heart is racing and i can't breathe
the socket gave me an electric shock
help me he is not responding
gas leak
there is blood everywhere
the box caught fire
je ne peux pas respirer
hay un incendio
es brennt
c'è un incendio
há um incêndio
ich habe starke Brustschmerzen
me duele el pecho
j'ai mal à la poitrine
mio padre non respira
estou com dor no peito
""".strip().splitlines()

NEITHER = """
my screen is dying
the game is on fire sale
my agent portal doesn't load
i need to add a user to my team
my operator charged me
someone called me from your number
i'd like to speak about my bill
the app crashes when i talk to alexa
talk to you later
my manager wants an invoice
i need a person plan
the smoke detector app is broken
fire tv stick not working
heart rate monitor won't sync
i work in an emergency room and my wifi is down
my insurance agent needs a copy of my invoice
can someone help me with my bill
the previous agent promised me a refund
i am a travel agent and my phone is dead
my doctor needs internet at his office
our people can't log in
""".strip().splitlines()


@pytest.mark.parametrize("text", HUMAN_WISHES)
def test_each_of_these_callers_wants_a_human(text):
    """It is an escalation, and nothing may block it."""
    known = understand(text)
    assert (known.wants_human, known.intent) == (True, Intent.ESCALATION)


@pytest.mark.parametrize("text", EMERGENCIES)
def test_each_of_these_is_an_emergency(text):
    """It is an escalation, and nothing may block it."""
    known = understand(text)
    assert (known.is_emergency, known.intent) == (True, Intent.ESCALATION)


@pytest.mark.parametrize("text", NEITHER)
def test_none_of_these_is_either(text):
    """Words for people and dangers have other senses."""
    known = understand(text)
    assert (known.is_emergency, known.wants_human) == (False, False)
