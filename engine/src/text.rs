//! Words for people, in Chinese and English: names from the book, numbers with separators, traces as sentences.
//!
//! Turns results into text and never computes one.

mod counted;
mod entitlement;
mod format;
mod model_sentence;
mod outline;
mod parts;
mod price;
mod proration;
mod rounding;
mod sentence;
mod terms;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use format::{format_decimal, format_exact, format_money, format_unit_price, group_digits};
pub use outline::{Said, outline};
pub use price::PriceWords;
pub use rounding::rounding_rule;
pub use sentence::sentence;

/// A language Ratecard speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Both, Chinese first.
    pub const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// The BCP 47 tag for `lang` attributes: `zh-CN` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Takes the one of two texts that is in this language.
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// A name or a description in both languages; copies share the texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// 中文.
    pub zh: Arc<str>,
    /// English.
    pub en: Arc<str>,
}

impl Names {
    /// The name in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&*self.zh, &*self.en)
    }
}

/// What a bill calls the line of what is missing to a charge's minimum.
pub(crate) fn minimum_name(charge: &Names) -> Names {
    Names {
        zh: format!("{}（补足最低消费）", charge.zh).into(),
        en: format!("{}, up to the minimum", charge.en).into(),
    }
}
