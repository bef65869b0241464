//! Which of several addresses, or services, does a request mean?

use super::{AttributeService, Consumer, ServiceProvider};
use crate::request::AskedConsumer;

impl ServiceProvider {
    /// Where the answer to a request goes; `None` if the metadata has no such address. It is always one of the metadata, since
    /// whoever writes a request could name any.
    #[must_use]
    pub fn consumer(&self, asked: &AskedConsumer) -> Option<&Consumer> {
        let fits = |consumer: &&Consumer, binding: &Option<String>| {
            binding.as_ref().is_none_or(|binding| consumer.binding == *binding)
        };
        match asked {
            AskedConsumer::Index(index) => self.consumers.iter().find(|it| it.index == *index),
            AskedConsumer::Url { location, binding } => {
                let mut same = self.consumers.iter().filter(|it| it.location == *location);
                same.find(|consumer| fits(consumer, binding))
            }
            AskedConsumer::Default { binding } => {
                default(self.consumers.iter().filter(|it| fits(it, binding)), |it| it.is_default)
            }
        }
    }

    /// The attribute service with this index, or the default one; `None` if there is none.
    #[must_use]
    pub fn attribute_service(&self, index: Option<u16>) -> Option<&AttributeService> {
        match index {
            Some(index) => self.attribute_services.iter().find(|it| it.index == index),
            None => default(self.attribute_services.iter(), |it| it.is_default),
        }
    }
}

/// The first one that says to be the default, else the first one that does not say not to be, else the first one (SAML
/// metadata, 2.2.3).
fn default<'a, T>(
    all: impl Iterator<Item = &'a T> + Clone,
    is_default: impl Fn(&T) -> Option<bool>,
) -> Option<&'a T> {
    let first = |wanted: Option<bool>| all.clone().find(|it| is_default(it) == wanted);
    first(Some(true)).or_else(|| first(None)).or_else(|| all.clone().next())
}
