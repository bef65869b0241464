//! Where does each setting come from, and do all of them exist?

use std::{collections::BTreeMap, fmt, path::Path};

use toml::{Table, Value};

use super::{Broken, Config, ConfigError};

const PREFIX: &str = "SYMBOLON_";

/// Where a setting stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it is the default.
    Default,
    /// Nowhere: it is the default of a demo.
    Demo,
    /// In a file.
    File(String),
    /// In a variable of the environment.
    Variable(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("not set"),
            Self::Demo => f.write_str("of the demo"),
            Self::File(path) => write!(f, "in {path}"),
            Self::Variable(name) => write!(f, "in the variable {name}"),
            Self::Flag => f.write_str("on the command line"),
        }
    }
}

/// All settings by their dotted keys; what is added later wins.
pub(super) struct Layers {
    defaults: BTreeMap<String, Value>,
    values: BTreeMap<String, (Value, Source)>,
}

impl Layers {
    pub(super) fn new(defaults: &Config) -> Result<Self, ConfigError> {
        let mut flat = BTreeMap::new();
        flatten("", Value::Table(Table::try_from(defaults)?), &mut flat);
        Ok(Self { defaults: flat, values: BTreeMap::new() })
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let table: Table = toml::from_str(&text)
            .map_err(|error| ConfigError::Syntax { path: path.to_owned(), source: Box::new(error) })?;
        let mut flat = BTreeMap::new();
        flatten("", Value::Table(table), &mut flat);
        for (key, value) in flat {
            self.put(&key, value, Source::File(path.display().to_string()))?;
        }
        Ok(())
    }

    /// `SYMBOLON_` and the key in capitals, `_` for `.`: `SYMBOLON_SERVER_ISSUER`.
    pub(super) fn add_environment(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else { continue };
            let source = Source::Variable(name.clone());
            let key = self.defaults.keys().find(|key| key.to_uppercase().replace('.', "_") == rest).cloned();
            match key {
                Some(key) => self.put_text(&key, value, source)?,
                None if self.is_section(rest) => return Err(self.unknown(&rest.to_lowercase(), source)),
                // Variables of other programs of this family, and those that are no settings.
                None => {}
            }
        }
        Ok(())
    }

    fn is_section(&self, variable: &str) -> bool {
        let section = variable.split('_').next().unwrap_or_default().to_lowercase();
        variable.contains('_') && self.sections().contains(&section.as_str())
    }

    fn sections(&self) -> Vec<&str> {
        let mut sections: Vec<&str> =
            self.defaults.keys().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect();
        sections.dedup();
        sections
    }

    /// Adds a value that was written as text: numbers, switches and lists are read as such where the default is one.
    pub(super) fn put_text(&mut self, key: &str, text: &str, source: Source) -> Result<(), ConfigError> {
        let value = match self.defaults.get(key) {
            Some(Value::Integer(_)) => text.parse().ok().map(Value::Integer),
            Some(Value::Boolean(_)) => text.parse().ok().map(Value::Boolean),
            Some(Value::Array(_)) => Some(list(text)),
            _ => None,
        };
        self.put(key, value.unwrap_or_else(|| Value::String(text.to_owned())), source)
    }

    pub(super) fn put(&mut self, key: &str, value: Value, source: Source) -> Result<(), ConfigError> {
        let within = format!("{key}.");
        if self.defaults.contains_key(key) {
            self.values.insert(key.to_owned(), (value, source));
        } else if !self.defaults.keys().any(|known| known.starts_with(&within)) {
            return Err(self.unknown(key, source));
        } else if !value.is_table() {
            let right = format!("a section [{key}] with keys in it");
            let why = "it is a section".to_owned();
            return Err(ConfigError::Wrong { key: key.to_owned(), source_of: source, why, right });
        }
        Ok(())
    }

    fn unknown(&self, key: &str, source_of: Source) -> ConfigError {
        let section = key.split(['.', '_']).next().unwrap_or_default();
        let own = format!("{section}.");
        let keys: Vec<&str> = self.defaults.keys().filter_map(|known| known.strip_prefix(&own)).collect();
        let known = if keys.is_empty() {
            format!("The sections are {}", self.sections().join(", "))
        } else {
            format!("The keys of [{section}] are {}", keys.join(", "))
        };
        ConfigError::Unknown { key: key.to_owned(), source_of, known }
    }

    /// The settings. If a value is of the wrong kind, each one is tried alone, so that the culprit is named.
    pub(super) fn read(&self) -> Result<Config, ConfigError> {
        let all = self.values.iter().map(|(key, (value, _))| (key, value));
        let error = match self.with(all) {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        for (key, (value, source)) in &self.values {
            if let Err(error) = self.with([(key, value)]) {
                return Err(self.wrong(key, source.clone(), error.message().trim().to_owned()));
            }
        }
        Err(self.wrong("symbolon", Source::Default, error.message().to_owned()))
    }

    fn wrong(&self, key: &str, source_of: Source, why: String) -> ConfigError {
        let right = self.defaults.get(key).map_or_else(String::new, |value| format!("for example {value}"));
        ConfigError::Wrong { key: key.to_owned(), source_of, why, right }
    }

    fn with<'a>(
        &'a self,
        values: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<Config, toml::de::Error> {
        let mut table = Table::new();
        for (key, value) in self.defaults.iter().chain(values) {
            insert(&mut table, key, value.clone());
        }
        table.try_into()
    }

    /// The error for a rule that a setting breaks.
    pub(super) fn blame(&self, broken: Broken) -> ConfigError {
        let source_of = self.values.get(&broken.key).map_or(Source::Default, |(_, source)| source.clone());
        ConfigError::Wrong { key: broken.key, source_of, why: broken.why, right: broken.right }
    }
}

/// `a, b` or a TOML list.
fn list(text: &str) -> Value {
    let written = toml::from_str::<Table>(&format!("list = {text}")).ok();
    if let Some(Value::Array(items)) = written.and_then(|mut table| table.remove("list")) {
        return Value::Array(items);
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
}

fn flatten(prefix: &str, value: Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) if prefix.is_empty() || !table.is_empty() => {
            for (key, value) in table {
                let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(&path, value, into);
            }
        }
        value => {
            into.insert(prefix.to_owned(), value);
        }
    }
}

fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
