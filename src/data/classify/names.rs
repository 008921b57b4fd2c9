//! What the name of a column says, in the languages that schemas are written in.

use super::Looks;

/// A name's words, lower-case and without accents. `lastLoginIp`, `last_login_ip` and `LAST-LOGIN-IP`
/// are the same.
pub(super) struct Words {
    words: Vec<String>,
    joined: String,
}

impl Words {
    pub fn of(name: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut lower_before = false;
        for c in name.chars() {
            if !c.is_alphanumeric() {
                lower_before = false;
                words.push(String::new());
                continue;
            }
            if words.is_empty() || (c.is_uppercase() && lower_before) {
                words.push(String::new());
            }
            lower_before = c.is_lowercase() || c.is_ascii_digit();
            if let Some(word) = words.last_mut() {
                c.to_lowercase().for_each(|c| plain(c, word));
            }
        }
        words.retain(|word| !word.is_empty());
        let joined = words.concat();
        Self { words, joined }
    }

    /// Whether one of the words of a list stands in it.
    fn has(&self, list: &str) -> bool {
        list.split_whitespace().any(|listed| self.words.iter().any(|word| word == listed))
    }

    /// Whether one of the parts of a list does, across its words.
    fn contains(&self, list: &str) -> bool {
        list.split_whitespace().any(|part| self.joined.contains(part))
    }
}

/// Appends a letter without its accent.
fn plain(c: char, out: &mut String) {
    match c {
        'à'..='å' | 'ā' => out.push('a'),
        'ç' | 'č' => out.push('c'),
        'è'..='ë' | 'ē' => out.push('e'),
        'ì'..='ï' => out.push('i'),
        'ñ' => out.push('n'),
        'ò'..='ö' | 'ø' => out.push('o'),
        'ù'..='ü' => out.push('u'),
        'ß' => out.push_str("ss"),
        c => out.push(c),
    }
}

/// Words that make a name that of a thing.
const THINGS: &str = "account album app application artist asset badge bank board book branch brand bucket campaign \
    categories category channel class collection color colour column command companies company component \
    country countries course currency database department device document domain event feature field \
    file film flag folder format game genre group host image index item job key label language layer \
    list media menu method metric migration model module organisation organization package page \
    parameter permission plan platform playlist policy product project queue report resource role rule \
    schema script service setting shipper sku status supplier table tag task team template tenant theme \
    topic track trigger type unit vendor version warehouse produkt";
/// Words of counts and measures.
const COUNTS: &str = "count counter total attempts tries limit size length version index order position duration quota \
    anzahl cost price amount rate";

/// What a name is, by parts that it contains across its words, or by one of its words. The first that
/// fits is it: `email_token` is an address, `birthplace` is no date, `username` no person's name.
const DICTIONARY: [(Looks, &str, &str); 24] = [
    (Looks::Email, "email courriel correoelectronico postaelettronica", "mail correo"),
    (Looks::UserAgent, "useragent", "browser"),
    (Looks::HardwareAddress, "macaddr", "mac hwaddr"),
    (Looks::Ip, "ipaddr clientip remoteaddr adresseip ipadresse", "ip ipv4 ipv6"),
    (
        Looks::PasswordHash,
        "password passwd passwort kennwort passphrase motdepasse contrasena passhash",
        "pwd hash salt",
    ),
    (
        Looks::NationalId,
        "ssn socialsecurity taxid taxnumber steuernummer steuerid steueridnr codicefiscale nationalid \
        nationalinsurance passport passnummer reisepass ausweis driverlicen driverslicen drivinglicen \
        fuehrerschein fuhrerschein personnummer aadhaar numerosecu securitesociale sozialversicherung \
        svnummer vatnumber vatid ustid insurancenumber permisconduire idcard identitynumber",
        "dni nie nif nir insee nino cpf curp pesel bsn tin passeport",
    ),
    (
        Looks::Token,
        "token secret apikey sessionid privatekey accesskey deviceid verificationcode resetcode invitecode \
        confirmationcode accountnumber bankaccount kontonummer customernumber kundennummer licenseplate \
        kennzeichen pushid advertisingid",
        "jwt otp pin cookie csrf cvv cvc imei imsi udid idfa fingerprint recovery mrn",
    ),
    (
        Looks::Phone,
        "phone mobile whatsapp telefon telephone handynummer rufnummer cellulare mobilnummer",
        "tel fax msisdn handy mobil cell movil portable gsm telefax",
    ),
    (Looks::Iban, "", "iban rib"),
    (
        Looks::Card,
        "cardnumber cardnum creditcard kreditkarte kartennummer cartebancaire numerocarte numerotarjeta \
        ccnumber ccnum",
        "pan",
    ),
    (
        Looks::City,
        "birthplace lieunaissance lieudenaissance lugarnacimiento lugardenacimiento luogonascita \
        luogodinascita placeofbirth",
        "",
    ),
    (
        Looks::BirthDate,
        "dateofbirth geburtsdatum geburtstag datenaissance yearofbirth geburtsjahr",
        "birth birthday birthdate dob born naissance nacimiento nascita geb",
    ),
    (
        Looks::Sensitive,
        "gender geschlecht religion ethnic nationality diagnos disabilit bloodtype blutgruppe salary gehalt \
        sexualorientation politicalview maritalstatus familienstand medicalhistory allerg",
        "sex sexe sexo sesso race wage konfession income",
    ),
    (
        Looks::Username,
        "username screenname benutzername nutzername nomutilisateur createdby updatedby modifiedby deletedby \
        approvedby changedby",
        "login handle instagram twitter facebook linkedin telegram skype discord github tiktok pseudo usuario \
        utente uid",
    ),
    (Looks::Label, "filename", ""),
    (
        Looks::ShortName,
        "firstname fname lastname lname givenname familyname surname middlename maidenname forename nickname \
        vorname nachname familienname rufname geburtsname nomdefamille nomfamille spitzname birthname",
        "prenom apellido apellidos cognome initials zuname",
    ),
    (
        Looks::Street,
        "addressline streetname hausnummer housenumber strassenname streetaddress",
        "street strasse str rue calle voie address1 address2 addr1 addr2",
    ),
    (
        Looks::City,
        "",
        "city town ort stadt wohnort geburtsort ville commune ciudad citta comune localidad municipality \
        district county hometown",
    ),
    (
        Looks::Postcode,
        "postalcode zipcode codepostal codigopostal codicepostale",
        "zip postcode plz postleitzahl cp",
    ),
    (
        Looks::Address,
        "lieferadresse rechnungsadresse shippingaddress",
        "address addr adresse anschrift direccion indirizzo domicilio wohnsitz residence",
    ),
    (
        Looks::Coordinate,
        "",
        "lat lng lon latitude longitude geolocation coordinates coords gps breitengrad laengengrad langengrad",
    ),
    (Looks::Url, "pictureurl profilepicture", "url website homepage avatar link photo webseite"),
    (
        Looks::Name,
        "cardholder accountholder kontoinhaber karteninhaber ansprechpartner contactperson titulaire",
        "recipient beneficiary payee empfaenger inhaber destinataire signatory patient holder",
    ),
    (
        Looks::Name,
        "fullname contactname customername displayname",
        "name fullname displayname nom nombre nome",
    ),
];

/// Whether a table, or a name beside the word for "name", is about things and not people.
fn of_things(words: &Words) -> bool {
    let thing = |word: &str| THINGS.split_whitespace().any(|thing| thing == word);
    words.words.iter().any(|word| thing(word) || word.strip_suffix('s').is_some_and(thing))
}

/// A count or a measure of something, whatever else its name says.
pub(super) fn of_counts(words: &Words) -> bool {
    words.has(COUNTS)
}

/// What the words of a name say, if anything. `table` is the table's name, or empty.
pub(super) fn looks(table: &str, name: &str) -> Option<Looks> {
    let words = Words::of(name);
    let fits = |parts: &str, single: &str| words.contains(parts) || words.has(single);
    let (looks, ..) = DICTIONARY.iter().find(|(_, parts, single)| fits(parts, single))?;
    let things = || of_things(&words) || words.words.len() == 1 && of_things(&Words::of(table));
    Some(if *looks == Looks::Name && things() { Looks::Label } else { *looks })
}
