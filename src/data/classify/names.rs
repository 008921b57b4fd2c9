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

    pub fn has(&self, list: &[&str]) -> bool {
        self.words.iter().any(|word| list.contains(&word.as_str()))
    }

    fn contains(&self, list: &[&str]) -> bool {
        list.iter().any(|part| self.joined.contains(part))
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
const THINGS: [&str; 92] = [
    "account",
    "album",
    "app",
    "application",
    "artist",
    "asset",
    "badge",
    "bank",
    "board",
    "book",
    "branch",
    "brand",
    "bucket",
    "campaign",
    "categories",
    "category",
    "channel",
    "class",
    "collection",
    "color",
    "colour",
    "column",
    "command",
    "companies",
    "company",
    "component",
    "country",
    "countries",
    "course",
    "currency",
    "database",
    "department",
    "device",
    "document",
    "domain",
    "event",
    "feature",
    "field",
    "file",
    "film",
    "flag",
    "folder",
    "format",
    "game",
    "genre",
    "group",
    "host",
    "image",
    "index",
    "item",
    "job",
    "key",
    "label",
    "language",
    "layer",
    "list",
    "media",
    "menu",
    "method",
    "metric",
    "migration",
    "model",
    "module",
    "organisation",
    "organization",
    "package",
    "page",
    "parameter",
    "permission",
    "plan",
    "platform",
    "playlist",
    "policy",
    "product",
    "products",
    "project",
    "queue",
    "report",
    "resource",
    "role",
    "rule",
    "service",
    "setting",
    "status",
    "supplier",
    "table",
    "tag",
    "task",
    "team",
    "template",
    "track",
    "type",
];
const MORE_THINGS: [&str; 13] = [
    "unit",
    "version",
    "vendor",
    "warehouse",
    "tenant",
    "theme",
    "topic",
    "schema",
    "script",
    "shipper",
    "trigger",
    "sku",
    "produkt",
];

/// Whether a table, or a name beside the word for "name", is about things and not people.
pub(super) fn of_things(words: &Words) -> bool {
    let plural = |word: &String| {
        let one = word.strip_suffix('s').unwrap_or(word);
        THINGS.contains(&word.as_str()) || THINGS.contains(&one) || MORE_THINGS.contains(&one)
    };
    words.words.iter().any(plural)
}

/// A count or a measure of something, whatever else its name says.
pub(super) fn of_counts(words: &Words) -> bool {
    words.has(&[
        "count",
        "counter",
        "total",
        "attempts",
        "tries",
        "limit",
        "size",
        "length",
        "version",
        "index",
        "order",
        "position",
        "duration",
        "quota",
        "number_of",
        "anzahl",
        "nombre_de",
        "cost",
        "price",
        "amount",
        "rate",
    ])
}

/// What the words of a name say, if anything. `table` is the table's name, or empty.
#[expect(clippy::too_many_lines, reason = "a dictionary")]
pub(super) fn looks(table: &str, name: &str) -> Option<Looks> {
    let words = Words::of(name);
    let (has, contains) = (|list: &[&str]| words.has(list), |list: &[&str]| words.contains(list));
    Some(match () {
        () if contains(&["email", "courriel", "correoelectronico", "postaelettronica"])
            || has(&["mail", "correo"]) =>
        {
            Looks::Email
        }
        () if contains(&["useragent"]) || has(&["browser"]) => Looks::UserAgent,
        () if contains(&["macaddr"]) || has(&["mac", "hwaddr"]) => Looks::HardwareAddress,
        () if contains(&["ipaddr", "clientip", "remoteaddr", "adresseip", "ipadresse"])
            || has(&["ip", "ipv4", "ipv6"]) =>
        {
            Looks::Ip
        }
        () if contains(&[
            "password",
            "passwd",
            "passwort",
            "kennwort",
            "passphrase",
            "motdepasse",
            "contrasena",
            "passhash",
        ]) || has(&["pwd", "hash", "salt"]) =>
        {
            Looks::PasswordHash
        }
        () if contains(&[
            "ssn",
            "socialsecurity",
            "taxid",
            "taxnumber",
            "steuernummer",
            "steuerid",
            "steueridnr",
            "codicefiscale",
            "nationalid",
            "nationalinsurance",
            "passport",
            "passnummer",
            "reisepass",
            "ausweis",
            "driverlicen",
            "driverslicen",
            "drivinglicen",
            "fuehrerschein",
            "fuhrerschein",
            "personnummer",
            "aadhaar",
            "numerosecu",
            "securitesociale",
            "sozialversicherung",
            "svnummer",
            "vatnumber",
            "vatid",
            "ustid",
            "insurancenumber",
            "permisconduire",
            "idcard",
            "identitynumber",
        ]) || has(&[
            "dni",
            "nie",
            "nif",
            "nir",
            "insee",
            "nino",
            "cpf",
            "curp",
            "pesel",
            "bsn",
            "tin",
            "passeport",
        ]) =>
        {
            Looks::NationalId
        }
        () if contains(&[
            "token",
            "secret",
            "apikey",
            "sessionid",
            "privatekey",
            "accesskey",
            "deviceid",
            "verificationcode",
            "resetcode",
            "invitecode",
            "confirmationcode",
            "accountnumber",
            "bankaccount",
            "kontonummer",
            "customernumber",
            "kundennummer",
            "licenseplate",
            "kennzeichen",
            "pushid",
            "advertisingid",
        ]) || has(&[
            "jwt",
            "otp",
            "pin",
            "cookie",
            "csrf",
            "cvv",
            "cvc",
            "imei",
            "imsi",
            "udid",
            "idfa",
            "fingerprint",
            "recovery",
            "mrn",
        ]) =>
        {
            Looks::Token
        }
        () if contains(&[
            "phone",
            "mobile",
            "whatsapp",
            "telefon",
            "telephone",
            "handynummer",
            "rufnummer",
            "cellulare",
            "mobilnummer",
        ]) || has(&[
            "tel", "fax", "msisdn", "handy", "mobil", "cell", "movil", "portable", "gsm", "telefax",
        ]) =>
        {
            Looks::Phone
        }
        () if has(&["iban", "rib"]) => Looks::Iban,
        () if contains(&[
            "cardnumber",
            "cardnum",
            "creditcard",
            "kreditkarte",
            "kartennummer",
            "cartebancaire",
            "numerocarte",
            "numerotarjeta",
            "ccnumber",
            "ccnum",
        ]) || has(&["pan"]) =>
        {
            Looks::Card
        }
        () if has(&[
            "birth",
            "birthday",
            "birthdate",
            "dob",
            "born",
            "naissance",
            "nacimiento",
            "nascita",
            "geb",
        ]) && !has(&["place", "lieu", "lugar", "luogo", "city", "name", "country"])
            || contains(&[
                "dateofbirth",
                "geburtsdatum",
                "geburtstag",
                "datenaissance",
                "yearofbirth",
                "geburtsjahr",
            ]) =>
        {
            Looks::BirthDate
        }
        () if contains(&[
            "gender",
            "geschlecht",
            "religion",
            "ethnic",
            "nationality",
            "diagnos",
            "disabilit",
            "bloodtype",
            "blutgruppe",
            "salary",
            "gehalt",
            "sexualorientation",
            "politicalview",
            "maritalstatus",
            "familienstand",
            "medicalhistory",
            "allerg",
        ]) || has(&["sex", "sexe", "sexo", "sesso", "race", "wage", "konfession", "income"]) =>
        {
            Looks::Sensitive
        }
        () if contains(&[
            "username",
            "screenname",
            "benutzername",
            "nutzername",
            "nomutilisateur",
            "createdby",
            "updatedby",
            "modifiedby",
            "deletedby",
            "approvedby",
            "changedby",
        ]) || has(&[
            "login",
            "handle",
            "instagram",
            "twitter",
            "facebook",
            "linkedin",
            "telegram",
            "skype",
            "discord",
            "github",
            "tiktok",
            "pseudo",
            "usuario",
            "utente",
            "uid",
        ]) =>
        {
            Looks::Username
        }
        () if contains(&[
            "firstname",
            "fname",
            "lastname",
            "lname",
            "givenname",
            "familyname",
            "surname",
            "middlename",
            "maidenname",
            "forename",
            "nickname",
            "vorname",
            "nachname",
            "familienname",
            "rufname",
            "geburtsname",
            "nomdefamille",
            "nomfamille",
            "spitzname",
            "birthname",
        ]) && !contains(&["filename"])
            || has(&["prenom", "apellido", "apellidos", "cognome", "initials", "zuname"]) =>
        {
            Looks::ShortName
        }
        () if contains(&[
            "addressline",
            "streetname",
            "hausnummer",
            "housenumber",
            "strassenname",
            "streetaddress",
        ]) || has(&[
            "street", "strasse", "str", "rue", "calle", "voie", "address1", "address2", "addr1", "addr2",
        ]) =>
        {
            Looks::Street
        }
        () if has(&[
            "city",
            "town",
            "ort",
            "stadt",
            "wohnort",
            "geburtsort",
            "ville",
            "commune",
            "ciudad",
            "citta",
            "comune",
            "localidad",
            "municipality",
            "district",
            "county",
            "birthplace",
            "hometown",
        ]) || has(&["birth", "naissance", "nacimiento", "nascita"])
            && has(&["place", "lieu", "lugar", "luogo"]) =>
        {
            Looks::City
        }
        () if has(&["zip", "postcode", "plz", "postleitzahl", "cp"])
            || contains(&["postalcode", "zipcode", "codepostal", "codigopostal", "codicepostale"]) =>
        {
            Looks::Postcode
        }
        () if has(&[
            "address",
            "addr",
            "adresse",
            "anschrift",
            "direccion",
            "indirizzo",
            "domicilio",
            "wohnsitz",
            "residence",
        ]) || contains(&["lieferadresse", "rechnungsadresse", "shippingaddress"]) =>
        {
            Looks::Address
        }
        () if has(&[
            "lat",
            "lng",
            "lon",
            "latitude",
            "longitude",
            "geolocation",
            "coordinates",
            "coords",
            "gps",
            "breitengrad",
            "laengengrad",
            "langengrad",
        ]) =>
        {
            Looks::Coordinate
        }
        () if has(&["url", "website", "homepage", "avatar", "link", "photo", "webseite"])
            || contains(&["pictureurl", "profilepicture"]) =>
        {
            Looks::Url
        }
        () if contains(&[
            "cardholder",
            "accountholder",
            "kontoinhaber",
            "karteninhaber",
            "ansprechpartner",
            "contactperson",
            "titulaire",
        ]) || has(&[
            "recipient",
            "beneficiary",
            "payee",
            "empfaenger",
            "inhaber",
            "destinataire",
            "signatory",
            "patient",
            "holder",
        ]) =>
        {
            Looks::Name
        }
        () if has(&["name", "fullname", "displayname", "nom", "nombre", "nome"])
            || contains(&["fullname", "contactname", "customername", "displayname"]) =>
        {
            let things = of_things(&words) || of_things(&Words::of(table)) && words.words.len() == 1;
            if things { Looks::Label } else { Looks::Name }
        }
        () => return None,
    })
}
