"""The usual words of callers in Spanish, French, German, Italian and Portuguese, without accents, as `words_of` gives them."""

from typing import Final

from switchboard.domain.understanding import Intent

FUNCTION_WORDS: Final = {
    "en": """
        the i you my is a to and it of in for that have what do on with can not are me this am was
        your how would
    """,
    "es": """
        el la los las un una mi me que de no es y con por para quiero tengo como se esta estoy hola
        buenos dias gracias puedo necesito donde cuando cuanto hay ha soy lo su usted mis desde ayer
        porque pero muy tambien quisiera hace
    """,
    "fr": """
        le la les un une mon ma mes je j vous est et de des du que ne pas pour avec c il bonjour
        suis ai comment sur au qui mais voudrais veux quand combien ou sont s votre quel quels
        quelle plus depuis merci etes puis aimerais
    """,
    "de": """
        der die das ich und ist nicht ein eine einen einem mein meine meinen meinem mit fur auf zu
        sie mir mich wie was wann wo haben hab habe kann mochte will bitte guten tag den dem es geht
        noch seit von bei aber auch wir
    """,
    "it": """
        il lo la gli le un una mio mia miei che di non e per con ho sono vorrei voglio come
        buongiorno ciao posso quando dove quanto mi da si al alla dal dalla piu grazie perche questo
        questa anche ma
    """,
    "pt": """
        o os as um uma meu minha meus que de nao e com para por eu quero tenho como esta estou bom
        dia ola obrigado obrigada posso preciso onde quando quanto gostaria voces voce ate em no na
        do da mas tambem minhas fui
    """,
}

SPANISH: Final = {
    Intent.BILLING: """
7: factura*
6: recibo*; cobr*; pagar; pago; pagos; pague; pagado; reembols*; devol* ~ dinero|pago; saldo; deuda; debo;
   cuanto debo; cargo|cargos; cuenta bancaria; tarjeta ~ credito|debito|rechaza*|vencid*; cancelar|anular
   ~ contrato|suscripcion|servicio|cuenta|plan|linea|todo; dar|darme de baja; darse de baja; baja ~
   servicio|contrato; domicili*; mensualidad*; cuota*; adeud*; demasiado car*; subi* ~ precio|tarifa; iva;
   cargaron
3: cancelar; dinero; importe; plata; euros; caro|cara; baja; copago; seguro ~ cubre
""",
    Intent.TECHNICAL: """
6: no ~
   funciona|funcionan|sirve|anda|carga|conecta|enciende|prende|abre|va|responde|arranca|deja|llega|puedo|tengo|hay|reconoce|jala;
   no|sin ~ internet|senal|conexion|linea|tono|wifi|servicio; contrasena*; clave; averia*; no puedo ~
   entrar|acceder|conectar*|iniciar|llamar|abrir|ver|navegar; error*; falla*; fallo*; se ~
   cae|corta|congela|bloque*|desconecta|apaga|reinicia|cuelga|traba|cayo|corto; lent*; descompuest*;
   danad*; estropead*; rot*; problema*|soporte|servicio|ayuda tecnic*; soporte; iniciar sesion;
   interrupcion*; apagon; dejo de funcionar; bloquead*; configur*
3: internet; wifi; router|modem; aplicacion|app; tecnic*; conexion; pantalla; pagina|sitio web; arregl*;
   repar*; television; correo; problema* con
""",
    Intent.SALES: """
6: comprar; contratar; comprarme; adquirir; precio*; oferta*; promocion*; descuento*; cuanto
   cuesta*|vale*|sale*|costaria*; plan|planes ~ nuev*|familiar*|tienen|ofrecen|mas|barato|disponible*|hay;
   que ~ planes|ofertas|tarifas|paquetes|precio*; mejorar ~ plan|tarifa|velocidad; cambiar ~ plan|tarifa;
   presupuesto; cotizacion; interesad*; renovar; disponib* ~ zona|direccion|calle|casa|fibra?; fibra ~
   disponible|mi|zona|optica; mas ~ rapid*|megas|datos; venden; otra linea; linea adicional; ampliar;
   demostracion; anadir ~ linea; celular|telefono|movil nuevo; nuevo celular|telefono|movil; ventas;
   cobertura
3: plan|planes; paquete*; tarifa*; contrato; fibra; nuev*; informacion ~ planes; vender; pedir; cuesta*;
   licencia*
""",
    Intent.ONBOARDING: """
7: activar*; activacion; instala*; nuevo|nueva cliente|paciente|usuario|usuaria; client* nuev*; pacient*
   nuev*; portabilidad; portar; conservar|mantener|pasar|traer|traspasar ~ numero; registr*;
   dar|darme|darse|dado de alta; crear ~ cuenta; primer* ~ vez|cita|configuracion|paso|pasos|visita;
   empezar; invitar; acabo de ~ contratar|comprar|firmar|hacerme|registr*; configurar ~
   router|nuevo|primera; cuando ~ tecnico|instala*; tarjeta sim; chip; cita*; bienvenida; invitacion
""",
    Intent.GENERAL: """
7: hora* ~ abren|cierran|abierto*|atienden|atencion|apertura|cierre|abre|cierra; horario*; donde ~
   estan|esta|queda*|encuentra*|oficina|tienda|ubicad*; direccion ~ de|su|tienda|oficina; abiert*;
   abren|cierran; tienda ~ cerca|cercana; tiempo ~ hace|hara|manana; clima; chiste; pizza; numero
   equivocado; ubicacion; estacionamiento; aparcamiento; sucursal
""",
    Intent.ESCALATION: """
6: queja*|quejarme; reclam*; grosero*|grosera*; maleducad*; pesim*; peor ~
   empresa|compania|servicio|atencion; mentir*|mintieron|mintio; estafa*; ladrones; vergüenza|verguenza;
   abogad*; demand*; denunci*; me ~ colgaron|colgo; trato|trataron ~ mal; oficina ~ consumidor; tribunal*
""",
}

FRENCH: Final = {
    Intent.BILLING: """
7: factur*
6: payer; paye*; paiement*; rembours*; preleve*; prelevement*; debit*; solde; dois ~ combien|vous?;
   combien ~ dois|doit; resili*; annuler ~ abonnement|contrat|mon|forfait|service; trop ~ paye|cher|percu;
   carte ~ bancaire|credit|refusee|expiree; frais; montant; avoir ~ facture; tva; rib; echeanc*;
   mensualit*; impaye*; somme
3: argent; euros; cher; annuler; abonnement ~ arreter; mutuelle
""",
    Intent.TECHNICAL: """
6: ne ~ marche*|fonctionne*|charge|connecte|allume|repond|demarre|ouvre|s|capte|recois|arrive ~ pas|plus;
   marche*|fonctionne* ~ pas|plus|mal; plus ~
   internet|reseau|wifi|connexion|signal|tonalite|television|tele|son|image; pas ~
   internet|reseau|wifi|connexion|signal; n ~ internet|reseau|connexion|wifi; panne*; mot de passe;
   erreur*; bug*; plant*; coupe*|coupure*; lent*; probleme*|support|service|assistance technique*;
   probleme* de ~ connexion|reseau|internet|wifi|box|ligne; arrive pas a ~
   connecter|acceder|ouvrir|entrer|telephoner|appeler; impossible de|d ~
   connecter|acceder|ouvrir|envoyer|appeler|me|entrer; connecter; bloque*; casse*; depann*; ecran ~
   noir|bleu; identifiant*; configur*; deconnecte*; tombe* en panne; en panne; hors service; reinitialis*
3: internet; wifi; box; routeur|modem; application|appli; connexion; technicien; site; reparer; probleme
   avec; reseau; technique
""",
    Intent.SALES: """
6: acheter; achat; commander; prix; tarif*; offre*; promotion*|promo*; remise*|reduction*; combien ~
   coute*|vaut|couterait; coute*; souscrire; changer ~ forfait|offre|abonnement; forfait* ~
   quel*|nouveau|plus|avez|proposez|famil*|moins; quel*|quels ~ forfait*|offre*|abonnement*|tarif*; devis;
   interess*; fibre ~ disponible|eligible|chez|adresse|optique|installer; eligib*; disponib*; plus ~
   rapide|donnees|gigas|debit; nouveau|nouvelle telephone|portable|ligne|mobile|forfait|offre|tablette;
   ligne supplementaire; deuxieme ligne; renouvel*; demonstration; service commercial; vente*; licence*;
   ajouter ~ ligne
3: forfait*; abonnement; contrat; fibre; nouveau|nouvelle; commercial; option*; essai
""",
    Intent.ONBOARDING: """
7: activer; activation; active* ~ carte|ligne|sim; install*; nouveau|nouvelle
   client*|patient*|utilisateur|abonne*; carte sim; puce; garder|conserver|transferer|porter|recuperer ~
   numero; portabilite; inscri*; creer ~ compte; premiere ~
   fois|connexion|visite|rendez|facture?|utilisation|etape*; rendez vous; inviter; commencer; viens|venons
   de ~ souscrire|m|signer|recevoir|acheter|devenir|inscrire; raccordement; mise en service; quand ~
   technicien|install*; bienvenue ~ kit|mail|email; demarrer ~ comment; rio
""",
    Intent.GENERAL: """
7: horaire*; heure* ~ ouvr*|ferm*|ouverture; ouvert*; ouvrez|fermez; fermez|ferme ~ heure|quand; ou ~
   trouve*|situe*|etes|est ~ vous|magasin|boutique|bureau|agence|cabinet?; adresse ~ de|magasin|votre;
   votre adresse; magasin|boutique|agence ~ proche|pres; meteo; blague; pizza; faux|mauvais numero;
   parking; temps ~ fait|fera; trompe de numero
""",
    Intent.ESCALATION: """
6: plainte*; plaindre; reclamation*; malpoli*; impoli*; grossier*; arnaqu*; voleurs; pire ~
   entreprise|service|societe|operateur; honte*; honteux; avocat*; tribunal*; porter plainte; justice;
   raccroche*; menti*; mal traite*|recu*; mise en demeure; inadmissible ~ service|accueil
""",
}

GERMAN: Final = {
    Intent.BILLING: """
7: handyrechnung*; telefonrechnung*; rechnung*
6: bezahlen; abrechnung*; bezahl*; zahlen; zahl*; zahlung*; abgebucht; abbuch*; lastschrift*; bankeinzug;
   gebuhr*; mahn*; erstatt*; ruckerstatt*; gutschrift*; geld ~ zuruck|abgebucht|bekomm*; zu viel|zuviel ~
   bezahlt|berechnet|abgebucht|gezahlt; doppelt ~ bezahlt|berechnet|abgebucht; berechnet; kundig*; betrag;
   schulde*; offen* ~ betrag|rechnung|posten; kontostand; rate*nzahlung; ratenzahlung; kreditkarte;
   bankverbindung; iban; mehrwertsteuer; stornier*; beitrag; uberweis*; guthaben
3: geld; euro; teuer; kosten ~ hoch; konto; abo ~ beenden; kasse|krankenkasse ~ ubernimmt
""",
    Intent.TECHNICAL: """
6: funktionier* ~ nicht|nichts|mehr|kaum;
   geht|gehen|lauft|laufen|ladt|verbindet|startet|reagiert|klappt|offnet|empfang* ~
   nicht|nichts|mehr|kaum; nicht ~ funktionier*|einloggen|anmelden|verbinden|offnen|erreichbar|geht; geht
   nicht|nichts; kein|keine|keinen
   internet|netz|empfang|verbindung|signal|wlan|telefon|ton|bild|freizeichen; passwort; kennwort;
   storung*; gestort; ausfall*; ausgefallen; fehler*; absturz*; absturzt; sturzt ab; abgesturzt; kaputt;
   defekt; langsam*; weg ~ standig|internet|wlan|netz; standig|dauernd ~ weg|ab|unterbroch*|offline;
   einloggen; anmelden ~ nicht|konto|portal; gesperrt; bricht ~ ab; abbruch*; abbruche;
   verbindungsproblem*; technisch* ~ problem*|support|hilfe|frage|storung; bildschirm ~ schwarz|bleibt;
   hangt; neustart*; einstell*; zurucksetzen; einrichten ~ email|mailbox|wlan
3: internet; wlan; router|modem; app; technik*; verbindung; fernseh*; webseite|website; reparatur;
   reparier*; netz; email; drucker; portal; problem* mit
""",
    Intent.SALES: """
6: kaufen; kauf; bestell*; angebot*; preis*; tarif*; was ~ kostet|kosten; wie viel|wieviel ~
   kostet|kosten; kostet; rabatt*; aktion*; upgrade*; wechseln ~ zu|tarif|anbieter|ihnen; schneller* ~
   internet|tarif|leitung; verlanger*; verfugbar*; glasfaser ~ verfugbar|bei|adresse|strasse|gibt;
   interess*; zusatzlich* ~ leitung|karte|sim; zweit* ~ leitung|karte|vertrag|sim|anschluss; neu* ~
   handy|telefon|vertrag|tarif|smartphone|tablet|laptop|gerat; vertrieb; verkauf*; vorfuhr*; demo;
   lizenz*; paket*; probeabo; testversion; kostenvoranschlag
3: vertrag; neu*; glasfaser; handy*; vertrag*; internettarif*; mobilfunk*; produkt*; buchen; option*;
   abschliessen
""",
    Intent.ONBOARDING: """
7: aktivier*; freischalt*; freigeschaltet; install*; neukunde*|neukundin; neu* ~
   kunde*|kundin|patient*|mitglied|nutzer; neu hier; rufnummer* ~
   mitnehm*|portier*|behalten|ubernehm*|ubertrag*; nummer ~
   mitnehm*|behalten|portier*|ubernehm*|ubertrag*; rufnummernmitnahme; portier*; registrier*; konto ~
   anlegen|erstellen|eroffnen; anlegen; techniker ~ kommt|termin|wann|anschluss|installation|komm*; wann ~
   techniker|angeschlossen|geschaltet|anschluss; termin*; anschluss ~ geschaltet|wann|termin|neu*;
   angeschlossen; einrichten; einrichtung; ersteinrichtung; erste* ~
   mal|einrichtung|besuch|schritte|termin; einladen; simkarte|sim karte|sim; willkommens*; loslegen;
   umzug; umgezogen; umziehen; anschliessen
""",
    Intent.GENERAL: """
7: offnungszeit*; geoffnet; sprechzeit*; sprechstunde*; wann ~
   offen|auf|offnen|offnet|schliessen|schliesst|zu|geoffnet|machen; haben ~
   offen|auf|geoffnet|geschlossen; wo ~ sind|ist|befind*|finde|liegt ~
   sie|ihr|geschaft|laden|praxis|filiale|buro|standort?; adresse ~ ihre|ihr|filiale|praxis; ihre adresse;
   filiale*; standort*; wetter; witz; pizza; verwahlt; falsche nummer; parkplatz*|parken; bis wann; wie
   lange ~ offen|geoffnet|da|auf
""",
    Intent.ESCALATION: """
6: beschwer*; unfreundlich*; unverschamt*; frech*; betrug*|betruger*; abzocke; schlecht* ~
   firma|service|kundenservice|unternehmen|kundendienst; schlimmste*|schlechteste* ~
   firma|service|anbieter|unternehmen; anwalt*|rechtsanwalt*; verklag*; klage; gericht*; anzeige* ~
   erstatt*|gegen; anzeigen; verbraucherschutz*|verbraucherzentrale; aufgelegt; angelogen; belogen
""",
}

ITALIAN: Final = {
    Intent.BILLING: """
7: bolletta*|bollette; fattur*
6: pagare; pago; pagato; pagament*; addebit*; rimbors*; saldo; devo ~ quanto|pagare; quanto devo; disdire;
   disdetta; cancellare|annullare|chiudere|recedere ~ abbonamento|contratto|servizio|linea|conto?; carta ~
   credito|rifiutata|scaduta; canone; rata|rate; importo; costo ~ troppo|alto; troppo car*; iva;
   domiciliazione; scadenza; soldi; ricevuta; debito; ticket ~ pagare
3: euro; caro|cara; conto; annullare; recesso; recedere
""",
    Intent.TECHNICAL: """
6: non ~
   funziona*|va|vanno|prende|carica|connette|parte|accende|risponde|apre|riesco|naviga|arriva|riceve|collega;
   non riesco ~ accedere|entrare|collegar*|connetter*|aprire|chiamare|navigare|a; non ho ~
   internet|linea|segnale|connessione|rete|campo; senza ~ internet|linea|segnale|connessione; password;
   guast*; error*; blocca*|bloccat*; lent*; cade|cadono ~ linea|connessione?; rott*; problem* tecnic*;
   assistenza|supporto tecnic*; assistenza; malfunzion*; disservizio; spent*; accesso ~
   account|profilo|portale; schermo ~ nero|bianco; configur*; si ~ disconnette|spegne|blocca|riavvia
3: internet; wifi; modem|router; app; connessione; rete; tecnic*; sito; linea; televisione; problema con;
   segnale; riparar*
""",
    Intent.SALES: """
6: comprare; acquist*; offert*; prezz*; quanto ~ costa*|viene|costerebbe; costa; costi; sconto|sconti;
   promozion*; cambiare ~ piano|tariffa|offerta|abbonamento; passare ~ voi|fibra|offerta|altro; piu ~
   veloce|giga|dati; tariff*; preventivo; interess*; disponibil*; fibra ~
   disponibile|arriva|coperta|zona|indirizzo; rinnovare; nuov* ~
   telefono|cellulare|linea|abbonamento|offerta|piano|contratto|tablet;
   telefono|cellulare|linea|piano|abbonamento nuov*; seconda linea; abbonarmi; sottoscrivere; vendete;
   vendit*; licenz*; ordinare; commerciale; dimostrazione; pacchett*; copertura
3: piano; fibra; contratto; nuov*; abbonamento; telefono; opzion*
""",
    Intent.ONBOARDING: """
7: attivare; attivazione; attivat*; installa*; nuov* ~ cliente|clienti|paziente|utente; client*|paziente
   nuov*; portabilita; mantenere|conservare|tenere|portare|trasferire ~ numero; registrar*; registrazione;
   creare ~ account|profilo|conto; prima ~ volta|visita|configurazione; primi passi; invitare; iniziare;
   sim; scheda sim; appuntamento*; allaccio*; allacciamento; tecnico ~ quando|viene|installa*|arriva;
   quando ~ tecnico|attiv*|installa*; appena ~ firmato|sottoscritto|iscritt*|diventat*|comprato|abbonat*;
   iscriv*; benvenuto ~ kit|email
""",
    Intent.GENERAL: """
7: orari|orario; apertura; apert*; aprite|chiudete; a che ora; dove ~
   siete|trova*|sede|negozio|ufficio|studio|si; indirizzo ~ vostro|negozio|del|dello?; vostro indirizzo;
   negozio ~ vicino; barzelletta; pizza; tempo ~ fa|fara|domani; meteo; sbagliato numero; numero
   sbagliato; parcheggio
""",
    Intent.ESCALATION: """
6: reclamo|reclami; lament*; maleducat*; scortes*; truff*; ladri; peggior* ~
   azienda|servizio|compagnia|operatore; vergogn*; avvocat*; tribunale; denunc*; causa ~ faccio|faro|fare;
   mentito; attaccato ~ telefono|faccia; associazione consumatori
""",
}

PORTUGUESE: Final = {
    Intent.BILLING: """
7: fatura*; factura*; boleto*
6: pagar; cobr*; pago; paguei; pagament*; reembols*; estorno*; devolu* ~ dinheiro|valor; saldo; devo ~
   quanto|dinheiro; quanto ~ devo; divida*; cartao ~ credito|recusado|expirado|venc*; cancelar ~
   assinatura|contrato|servico|conta|plano|minha|meu|linha|tudo; cancelamento; mensalidade*; debito;
   debitad*; multa*; taxa*; valor ~ alto|errado|conta; conta ~ alta|cara|luz|errada|veio; segunda via;
   recibo*; rescindir; vencimento; dinheiro; parcel*
3: cancelar; caro|cara; conta; euros|reais; valor
""",
    Intent.TECHNICAL: """
6: nao ~ funciona*|conecta|liga|carrega|abre|responde|consigo|pega|entra|esta|tenho|toca|chega; nao
   consigo ~ acessar|aceder|entrar|ligar|conectar|abrir|fazer|usar|navegar; sem ~
   internet|sinal|conexao|rede|linha|ligacao|wifi; senha*; palavra passe; password; avari*; erro*; falha*;
   cai|caiu|caindo; trava*|travou|travando; lent*; quebr*; problema*|suporte|apoio|assistencia tecnic*;
   suporte; parou de; bloquead*; desconect*; tela ~ preta|azul|travada; ecra ~ preto|azul; configur*; fora
   do ar; nao funciona
3: internet; wifi; roteador|router|modem; aplicativo|app|aplicacao; conexao|ligacao; tecnic*; site; sinal;
   televisao|tv; consert*; repar*; problema* com
""",
    Intent.SALES: """
6: comprar; contratar; adquirir; preco*; oferta*; promoc*; desconto*; quanto ~ custa*|fica|sai|custaria;
   custa; plano* ~ novo*|familia*|tem|oferecem|quais|melhor|mais|disponive*|barato; quais ~
   planos|ofertas|precos|pacotes|tarifas; mudar|trocar|alterar|aumentar ~
   plano|tarifario|pacote|velocidade; orcamento; cotacao; interess*; disponiv*|disponibilidade; fibra ~
   disponivel|minha|rua|zona|morada|endereco|otica; mais ~ rapid*|dados|gigas|megas; vendem; vendas;
   renovar; nov* ~ telefone|celular|telemovel|plano|linha|tarifario; telefone|celular|telemovel|plano
   novo; segunda linha; linha adicional; licenca*; demonstrac*; assinar; encomend*; cobertura
3: plano*; fibra; pacote*; nov*; contrato; tarifario; opc*
""",
    Intent.ONBOARDING: """
7: ativar|activar; ativacao|activacao; ativad*; instala*; novo|nova
   cliente|paciente|utente|usuario|usuaria|utilizador; cliente*|paciente nov*; portabilidade;
   manter|conservar|transferir|trazer|levar ~ numero; registar*|registr*; cadastr*; criar ~ conta|perfil;
   primeir* ~ vez|consulta|acesso|visita|configuracao|passos; comecar; convidar; chip; cartao sim;
   marcar|agendar ~ instala*|consulta|visita|tecnico|marcacao; acabei de ~
   contratar|assinar|comprar|aderir|registar*; quando ~ tecnico|instala*|ativ*; agendamento; boas vindas
""",
    Intent.GENERAL: """
7: horario*; hora*s ~ abrem|fecham|abre|fecha|abertos; abrem|fecham; abert*; fechad*; onde ~
   fica*|estao|esta|encontra|loja|localizad*; morada ~ da|de|loja; endereco ~ da|de|loja|voces; loja ~
   proxima|perto; tempo ~ hoje|amanha|fazer; piada; pizza; numero errado; engano; estacionamento; previsao
   do tempo; que horas
""",
    Intent.ESCALATION: """
6: reclamac*; reclamar; queixa*; mal educad*; malcriad*; grosseir*; pessim*; pior ~
   empresa|servico|operadora|companhia; burla*|fraude; ladroes; vergonha; advogad*; tribunal; processar;
   processo; procon; denunci*; mentir*|mentiram|mentiu; desligaram ~ cara|telefone|na; livro de reclamac*
""",
}

BY_LANGUAGE: Final = {"es": SPANISH, "fr": FRENCH, "de": GERMAN, "it": ITALIAN, "pt": PORTUGUESE}

HUMAN: Final = """
9: hablar|hable|comunicar*|pasar*|paseme|comuniqueme|transfier*|poner*|ponga*|conect*|atienda|atender ~
   persona|alguien|agente|operador*|representante|humano|encargad*|gerente|supervisor*|asesor*|ejecutiv*|ser|responsable|jefe|medico|doctor;
   persona real; ser humano; persona de verdad; un|una
   operador*|agente|representante|humano|asesor*|persona|supervisor*; agente; operador*; representante;
   con alguien; alguien ~ de verdad|real; no ~ hablar ~ maquina|robot|bot; asesor*; gerente; atencion al
   cliente; parler|parle|discuter|echanger ~
   quelqu|quelqu'un|personne|humain|conseiller*|agent|operateur|responsable|representant|vrai|vraie|superviseur|manager|docteur|medecin;
   passer|passez|passe|mettre|mettez|transferez|transferer ~
   quelqu|conseiller*|humain|responsable|agent|personne|operateur|superviseur|service client|relation;
   un|une conseiller*|humain|operateur|operatrice|agent|responsable|vraie personne; conseiller*; etre
   humain; vraie personne; personne reelle; quelqu un; humain*; operateur|operatrice; service client; pas
   parler ~ robot|machine; responsable;
   sprechen|reden|verbinden|verbind*|durchstell*|weiterleit*|geben|sprech* ~
   mensch*|mitarbeiter*|jemand*|person|berater*|kollegen|kollegin|chef*|vorgesetzt*|jemandem|arzt|arztin|personlich;
   mit ~ mensch*|mitarbeiter*|jemand*|berater*|vorgesetzt*|chef*|echten|richtigen ~
   sprechen|reden|verbinden|telefonieren|person?; mitarbeiter*; mensch|menschen; echte*|richtige* ~
   person|mensch*|mitarbeiter*; berater*; vorgesetzt*; verbinden sie ~ mich; kundenberater*;
   kundenservice; nicht mit ~ computer|maschine|roboter|automat*|bot; durchstellen; geschaftsfuhr*;
   jemand* ~ sprechen|reden|echten;
   parlare|parli|passi|passare|passarmi|passatemi|mettermi|trasferi*|metta*|collegar*|mettetemi ~
   operatore|operatrice|persona|qualcuno|umano|responsabile|consulente|agente|supervisore|direttore|rappresentante|medico|dottore;
   operatore|operatrice; persona ~ reale|vera|fisica|carne; essere umano; umano; un|una ~
   umano|consulente|responsabile|persona vera; consulente; non ~ parlare ~ macchina|robot|computer;
   responsabile; servizio clienti; qualcuno ~ parlare|vero|reale;
   falar|fale|conversar|passar|passa|passe|transferir|transfira|ligar ~
   atendente|pessoa|alguem|humano|operador*|responsavel|gerente|supervisor*|representante|assistente|ser
   humano|medico|doutor*; atendente*; pessoa ~ real|verdade|verdadeira; humano; um|uma ~
   atendente|humano|operador*|pessoa|representante; nao ~ falar ~ maquina|robo|robot; com alguem;
   responsavel; apoio ao cliente
"""

EMERGENCY: Final = """
10: emergenci*; ambulancia*; socorro; auxilio; no puede|puedo respirar; no respira; infarto*; dolor ~
   pecho; duele* ~ pecho; incendio*; fuego; huele a ~ gas|quemado|humo; olor a ~ gas|quemado|humo; fuga de
   gas; humo ~ sale|del|de|hay; sale humo; sangra*; sangre; inconsciente; desmay*; suicid*; matarme;
   morirme; quiero morir; sobredosis; convulsion*; se ~ muere|muriendo|ahoga|quema|desmayo; derrame
   cerebral; accidente; herid*; ataque ~ corazon|cardiaco; tomo ~ pastillas; bomberos; urgence*; urgent*;
   ambulance; au secours; secours; ne ~ respire*|respirer ~ pas|plus; respire ~ pas|plus|mal; respirer;
   crise cardiaque; douleur* ~ poitrine; mal ~ poitrine; poitrine ~ mal|douleur; incendie; au feu; le feu;
   prend* feu; en feu; feu; fumee; odeur de ~ gaz|brule|fumee; sent|sens ~ gaz|brule; fuite de gaz;
   saigne*; inconscient*; evanoui*; suicide*; me tuer; envie de mourir; mourir; overdose; accident; avc;
   etouffe*; pompiers; samu; blesse*; notfall*; notruf; krankenwagen; rettungswagen; notarzt*; hilfe ~
   schnell|sofort|bitte|stirbt|feuer; nicht ~ atmen|atmet; atmet ~ nicht|schwer|kaum; keine luft; atemnot;
   herzinfarkt; herzstillstand; schlaganfall; brustschmerz*; schmerz* ~ brust; brust ~ schmerz*|weh|enge;
   brennt; feuer; rauch ~ aus|kommt|im|steigt; raucht; qualmt; riecht ~ gas|verbrannt|rauch|verschmort;
   gasgeruch; gasleck; blutet; blutung; bewusstlos*; ohnmachtig; umgekippt; selbstmord*; umbringen; nicht
   mehr leben; sterben; stirbt; uberdosis; krampfanfall; unfall; verletzt; erstick*; feuerwehr; funken;
   emergenz*; ambulanza; aiuto ~ subito|presto|sta|non; pronto soccorso; non ~ respira*|respirare;
   respira*; infarto; ictus; dolor* ~ petto; petto ~ dolor*|male|fa; incendio; fuoco; fiamme; odore di ~
   gas|bruciato|fumo; puzza di ~ gas|bruciato; fuga di gas; fumo ~ esce|dal|dalla|da; esce ~ fumo; sangu*;
   svenut*; incosciente; uccider*; morire; morendo; incidente; ferit*; soffoc*; pompieri; urgenza;
   ambulancia; nao ~ respira*|respirar; falta de ar; enfarte|infarto; ataque cardiaco; derrame; dor* ~
   peito; peito ~ dor|doi|doendo; fogo; cheiro ~ gas|queimado|fumo|fumaca; fuga|vazamento de gas; fumaca;
   fumo ~ sair|sai|do|da; sangr*; sangue; desmai*; matar me; me matar; morrer; morrendo; convuls*;
   acidente; ferid*; engasg*; sufoc*; bombeiros; urgencia*
"""

FRUSTRATED: Final = """
3: estoy hart*; hart* de; harto|harta; indignante; verguenza|vergüenza; inaceptable; ridicul*; tercera
   vez; siempre lo mismo; basta; estafa*; ladrones; furios*; inutil*; mierda; joder; desastre; ya esta
   bien; marre; assez; ras le bol; inadmissible; scandal*; inacceptable; honte*; merde; troisieme fois;
   arnaqu*; nul|nulle; insupportable; en colere; furieu*; agace*; voleurs; putain; unverschamt*;
   frechheit; schnauze; reicht ~ mir|jetzt|es; es reicht; verdammt*; scheiss*; zum dritten; dritte mal;
   wutend; sauer; unglaublich; katastroph*; unfassbar; genug ~ davon|habe; abzocke; schande; stufo|stufa;
   vergogn*; inaccettabile; terza volta; ridicol*; schifo; arrabbiat*; assurdo; incazzat*; ladri; truff*;
   farto|farta; chega; absurdo; inaceitavel; terceira vez; palhacada; vergonha; cansad*; raiva; ridiculo;
   merda; descaso; ladroes
"""

NEGATIVE: Final = """
2: no ~ funciona*|sirve|puedo|anda|va|tengo ~ internet|respirar|entrar|acceder|senal|bien?; cobraron ~
   dos|de|doble|mal; dos veces; mal; error*; averia*; problema*; lent*; demasiado; queja; quejarme;
   emergencia; no me; equivocad*; incorrect*; se ~ cae|corta; ne ~ marche*|fonctionne* ~ pas|plus; marche*
   ~ pas|plus; pas a; panne*; probleme*; erreur*; trop ~ eleve*|cher|lent*; fausse; plus d internet; deux
   fois; plainte; urgence; stimmt nicht; falsch*; geht nicht; funktioniert nicht; nicht ~
   funktioniert|geht|einloggen|lauft; kein internet|netz|empfang|wlan; zu ~ hoch|langsam|viel|teuer;
   kaputt; storung*; fehler*; doppelt; langsam; problem*; beschwer*; notfall; leider; abgebucht ~
   zu|falsch|doppelt; non ~ funziona|va|riesco|ho|prende; guast*; errat*|sbagliat*; due volte; troppo;
   emergenza; reclamo; nao ~ funciona|consigo|tenho|conecta; duas vezes; errad*; erro; caiu|cai; muito
   alt*|lent*|car*; sem ~ internet|sinal; avaria*; reclamac*
"""

POSITIVE: Final = """
2: encant*; excelente; genial; maravill*; muchas gracias ~ por|todo; perfecto; felic*; merci beaucoup ~
   pour|tout; super; parfait*; excellent*; ravi*; adore; toll*; klasse; ausgezeichnet; zufrieden;
   wunderbar; begeistert; vielen dank ~ fur|hilfe; prima; ottim*; fantastic*; perfett*; complimenti;
   eccellente; grazie mille ~ per; contento|contenta; otim*; maravilhos*; muito obrigad* ~ por|pela;
   adoro; parabens; satisfeit*
"""
