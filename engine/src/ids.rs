//! The names that books, meters, plans and customers go by.
//!
//! An id is checked once, when it is built, and never carries a meaning beyond equality. Its copies share one text: every
//! line of a bill names its charge and meter.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId {
    /// What was given.
    pub text: String,
    /// What is allowed, in words.
    pub allowed: &'static str,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not an id: {}", self.text, self.allowed)
    }
}

impl std::error::Error for BadId {}

/// What an id inside a price book may look like.
pub const BOOK_ID_RULE: &str = "1 to 64 characters from a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit";

/// What a customer id may look like.
pub const CUSTOMER_ID_RULE: &str = "1 to 200 characters, without control characters and without spaces at either end";

fn is_book_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let first = text.bytes().next().is_some_and(allowed);
    first && text.len() <= 64 && text.bytes().all(|b| allowed(b) || b"-_.".contains(&b))
}

fn is_customer_id(text: &str) -> bool {
    let length = text.chars().count();
    (1..=200).contains(&length) && text.trim() == text && !text.chars().any(char::is_control)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $valid:ident, $rule:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and makes it an id.
            pub fn new(text: &str) -> Result<Self, BadId> {
                if $valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadId { text: text.to_owned(), allowed: $rule })
                }
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.as_str().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A price book, over all its versions.
    BookId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A version of a price book, for instance `2026-12-01`.
    Version, is_book_id, BOOK_ID_RULE
);
id!(
    /// A meter of a book.
    MeterId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A weekly calendar of a book.
    CalendarId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A plan of a book.
    PlanId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A charge of a plan; unique inside the plan.
    ChargeId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A tax of a book.
    TaxId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A discount of a plan or a customer.
    DiscountId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A credit of a plan or a wallet of a customer.
    CreditId, is_book_id, BOOK_ID_RULE
);
id!(
    /// Units that a plan includes: the id of the charge or of the pool that they belong to.
    AllowanceId, is_book_id, BOOK_ID_RULE
);
id!(
    /// A word that groups charges of a plan.
    Tag, is_book_id, BOOK_ID_RULE
);
id!(
    /// Somebody who is billed.
    CustomerId, is_customer_id, CUSTOMER_ID_RULE
);

impl TaxId {
    /// The tax of a book that has a single one, written `[tax]`, and of documents from before there could be several.
    pub fn single() -> Self {
        Self("tax".into())
    }
}

#[cfg(test)]
mod tests {
    use super::{CustomerId, PlanId};

    #[test]
    fn book_ids_are_short_lowercase_words() {
        for good in ["a", "gpt-4.1", "0", "web_log"] {
            assert!(PlanId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "-a", "a b", "入门", &"a".repeat(65)] {
            assert!(PlanId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn customer_ids_may_be_addresses_and_chinese_names() {
        for good in ["83.149.9.216", "2001:db8::1", "上海示例公司"] {
            assert!(CustomerId::new(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a\n", &"a".repeat(201)] {
            assert!(CustomerId::new(bad).is_err(), "{bad:?}");
        }
    }
}
