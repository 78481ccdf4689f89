"""Words that phrases name together, as `@name`."""

from typing import Final

GROUPS: Final = {
    "net": """
        internet wifi connection network broadband line signal router routers modem modems fiber
        landline ethernet dsl web hotspot reception service coverage gigabit bandwidth extender
        repeater mesh cable tower
    """,
    "device": """
        phone phones mobile handset telephone tv television box decoder receiver printer scanner
        tablet laptop computer pc screen remote camera sensor headset headphones speaker speakers
        watch keyboard device devices equipment machine terminal iphone android ipad thermostat
        alarm doorbell keypad display battery charger port socket switch antenna dish satellite
        light lights
    """,
    "software": """
        app apps application website site webpage page portal dashboard software program platform
        system email emails mail mailbox inbox outlook voicemail calendar sync api integration
        integrations webhook server database report reports export import file files screen button
        link plugin browser vpn cloud backup form account profile video videos netflix streaming
        youtube audio sound picture image notifications messages text texts sms calls call update
        workspace editor search uploads upload download downloads login password code pin sso widget
        feature tool console
    """,
    "works": """
        work works working worked load loads loading connect connects connecting connected start
        starts starting respond responding sync syncing syncs open opens opening turn turning boot
        booting charging print printing prints ring ringing rings function functioning play playing
        plays show showing shows update updating receive receiving send sending sends save saving
        saves recognize recognise recognized recognised detect detecting find finding see seeing
        refresh refreshing let letting lets accept accepting accepts arrive arriving arrives appear
        appearing display displaying generate generating hear hearing reach reaching stay react run
        running launch launching stream streaming download downloading upload uploading import
        importing export exporting come coming
    """,
    "broken": """
        down out dead broken broke slow sluggish crash crashes crashing crashed freeze freezes
        freezing froze frozen lag lags lagging laggy buffering buffers dropping drops dropped
        disconnect disconnects disconnecting disconnected flicker flickers flickering blinking
        blinks stuck unstable unreachable offline failing failed fails glitch glitches glitching
        glitchy buggy black blank gone unresponsive faulty defective damaged unusable spotty
        intermittent patchy noisy crackling static kaput bricked useless choppy fuzzy garbled
        pixelated overheating overheats hanging hangs hung red orange looping loops rebooting
        reboots restarting restarts timing missing unavailable inaccessible weak terrible bad worse
    """,
    "want": """
        want wants need needs like love looking wish hoping trying would interested thinking
        considering planning
    """,
    "member": """
        colleague colleagues coworker coworkers user users teammate teammates team member members
        employee employees people person staff admin admins assistant nurse doctor partner wife
        husband someone somebody folks others
    """,
    "plan": """
        plan plans package packages tariff tariffs bundle bundles subscription subscriptions tier
        tiers edition option options offer offers deal deals product products phone phones internet
        fiber tablet tablets line lines license licenses seat seats router modem box tv data sim
        contract handset laptop iphone service services broadband add-on
    """,
    "month": """
        january february march april may june july august september october november december month
        months year
    """,
    "money": """
        dollar dollars euro euros pound pounds bucks cents quid money amount
    """,
    "sub": """
        subscription contract plan account service services membership line internet policy
        agreement phone package everything it
    """,
    "human": """
        human humans person people representative representatives rep reps agent agents operator
        operators supervisor supervisors manager managers attendant receptionist clerk adviser
        advisor advisors consultant superior boss persons ceo director nurse doctor dentist
    """,
    "someone": """
        someone somebody anyone anybody colleague colleagues employee staff specialist expert guy
        lady man woman individual
    """,
    "being": """
        human humans person persons people being somebody someone agent agents operator
        representative voice employee
    """,
    "bot": """
        robot robots bot bots machine machines computer computers ai recording recordings chatbot
        automated automation robo
    """,
    "reach": """
        speak talk speaking talking chat converse connected connect connecting transferred transfer
        transferring speaks talks
    """,
    "dept": """
        billing sales technical tech support accounting accounts finance onboarding payments
        installation cancellation
    """,
    "sick": """
        mother father mom mum dad wife husband son daughter child baby kid he she someone somebody
        patient grandmother grandfather friend brother sister boy girl man woman they boyfriend
        girlfriend grandma grandpa
    """,
}
