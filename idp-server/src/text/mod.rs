//! In which words does a page speak? The catalogue: every sentence that a person reads, in English and German.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use symbolon_axum::Visitor;

mod kinds;
#[cfg(test)]
mod tests;

pub(crate) use kinds::words_of;

const ENGLISH: &str = include_str!("en.ftl");
const GERMAN: &str = include_str!("de.ftl");

static CATALOGUE: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle("en", ENGLISH), bundle("de", GERMAN)]);

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// The language that a browser prefers among ours.
    #[must_use]
    pub fn of(visitor: &Visitor) -> Self {
        Self::preferred(visitor.languages())
    }

    /// The language that is preferred among ours, from `Accept-Language`.
    #[must_use]
    pub fn preferred(wanted: &str) -> Self {
        let mut best = (0.0, Self::default());
        for range in wanted.split(',') {
            let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            let language = match tag.trim().split('-').next().unwrap_or_default() {
                "en" => Self::English,
                "de" => Self::German,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The language tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What it calls itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// All languages, for a page that offers the others.
    #[must_use]
    pub fn all(self) -> [Self; 2] {
        [Self::English, Self::German]
    }

    /// The sentence of this name.
    #[must_use]
    pub fn say(self, key: &str) -> String {
        self.format(key, None)
    }

    /// The sentence of this name, with one value.
    #[must_use]
    pub fn say_with(self, key: &str, name: &str, value: impl ToString) -> String {
        let mut args = FluentArgs::new();
        args.set(name.to_owned(), value.to_string());
        self.format(key, Some(&args))
    }

    /// The sentence of this name, with two values.
    #[must_use]
    pub fn say_with_two(
        self,
        key: &str,
        first: (&str, impl ToString),
        second: (&str, impl ToString),
    ) -> String {
        let mut args = FluentArgs::new();
        args.set(first.0.to_owned(), first.1.to_string());
        args.set(second.0.to_owned(), second.1.to_string());
        self.format(key, Some(&args))
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let [english, german] = &*CATALOGUE;
        let bundle = match self {
            Self::English => english,
            Self::German => german,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            // A test keeps this from happening; a page with the name of a sentence is better than none.
            return key.to_owned();
        };
        bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }
}

fn bundle(tag: &str, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(tag.parse().into_iter().collect());
    // Names are isolated by the markup around them.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}
