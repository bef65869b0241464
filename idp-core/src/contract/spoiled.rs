//! What is a wrong answer that looks like the right one?

use serde_json::Value;

/// The answer with another last character in each text.
pub(super) fn spoiled(honest: &Value) -> Value {
    match honest {
        Value::String(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            if let Some(last) = chars.last_mut() {
                *last = if *last == '2' { '3' } else { '2' };
            }
            Value::String(chars.into_iter().collect())
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), spoiled(value))).collect(),
        other => other.clone(),
    }
}

/// The answer with one character more in each text.
pub(super) fn longer(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{text}2")),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), longer(value))).collect(),
        other => other.clone(),
    }
}
