//! The mirror of `stagectl.yml`. Unknown keys are refused; defaults stand here.
//! One file per subject: `services`, `proxy`, `data`, `migration`, `validation`, `monitoring`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    compose::Compose,
    data::{CacheCopy, Copy, Production},
    masking::Masking,
    migration::Migration,
    monitoring::Monitoring,
    proxy::{Certificates, Proxy},
    services::{Network, Service, Volume},
    validation::Validation,
};

/// `stagectl.yml`, as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// The version of this format. Always 1.
    pub version: u32,
    /// The compose project's name: lower-case letters, digits, `-` and `_`.
    pub project: String,
    /// Images to use instead of the ones named below: official reference to replacement.
    #[serde(default)]
    pub images: BTreeMap<String, String>,
    /// A folder with templates of your own, relative to this file. A file in it replaces the embedded
    /// one of the same path, such as `nginx/staging.conf.tera`.
    pub templates: Option<String>,
    /// The variables of `.env.staging`. Services take them by `${NAME}`.
    #[serde(default)]
    pub env: BTreeMap<String, EnvSource>,
    /// The containers of the twin, by compose service name. Either these or `compose`.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// Compose files instead of `services`: what `init --from` derives from production's.
    pub compose: Option<Compose>,
    #[serde(default)]
    pub networks: BTreeMap<String, Network>,
    #[serde(default)]
    pub volumes: BTreeMap<String, Volume>,
    /// The nginx in front. Absent: no nginx files are generated.
    pub proxy: Option<Proxy>,
    #[serde(default)]
    pub certificates: Certificates,
    /// The twin's PostgreSQL database. Absent: no database work.
    pub database: Option<Database>,
    /// The twin's Redis. Absent: no cache work.
    pub cache: Option<Cache>,
    /// Where production is. Only ever read.
    pub production: Option<Production>,
    #[serde(default)]
    pub copy: Copy,
    #[serde(default)]
    pub masking: Masking,
    #[serde(default)]
    pub cache_copy: CacheCopy,
    pub migration: Option<Migration>,
    #[serde(default)]
    pub validation: Validation,
    #[serde(default)]
    pub monitoring: Monitoring,
}

/// Where a variable of `.env.staging` comes from: a literal (which may hold `${NAME}`),
/// a file, or made once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum EnvSource {
    Literal(Scalar),
    File(FromFile),
    Generate(Generated),
}

/// The content of a file, without its last line break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromFile {
    pub file: String,
}

/// A secret that stagectl makes once and keeps in `.env.staging`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    pub generate: Alphabet,
    /// How many characters. Default 32.
    #[serde(default = "generated_length")]
    pub length: usize,
}

fn generated_length() -> usize {
    32
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    Hex,
    Alphanumeric,
}

/// A YAML scalar, kept as the text that an environment variable holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "ScalarSchema")]
pub struct Scalar(pub String);

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ScalarSchema {
    Text(String),
    Number(f64),
    Bool(bool),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Scalar;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a string, a number or a boolean")
            }
            fn visit_str<E>(self, v: &str) -> Result<Scalar, E> {
                Ok(Scalar(v.to_owned()))
            }
            fn visit_bool<E>(self, v: bool) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Scalar, E> {
                Ok(Scalar(v.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The twin's PostgreSQL: the service that runs it and the names inside.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The compose service that runs it.
    pub service: String,
    pub name: String,
    /// The application's role: owns the database, is no superuser.
    pub user: String,
    /// Its password, as `${NAME}` of `.env.staging`.
    pub password: String,
    /// The role that creates databases during a copy or a migration test.
    #[serde(default = "admin_user")]
    pub admin_user: String,
    pub admin_password: String,
}

fn admin_user() -> String {
    "postgres".to_owned()
}

/// The twin's Redis.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The compose service that runs it.
    pub service: String,
    /// Its password, as `${NAME}` of `.env.staging`. Absent: no AUTH.
    pub password: Option<String>,
}
