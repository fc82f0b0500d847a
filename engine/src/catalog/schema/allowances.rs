//! The schema of included units and of pools.

use serde_json::Value;

use super::parts::{boolean, count, either, id, key, needed, not_negative, table, words};
use crate::catalog::allowance::RENEWS;

/// A number of units, or a table of units and when they are there again, or a pool.
pub(super) fn included() -> Value {
    let own = table(
        [
            key("units", not_negative(), "How many", "数量"),
            key("pool", id(), "The pool they come from, instead of units of its own", "所用的共享额度，代替自有额度"),
        ]
        .into_iter()
        .chain(renewal()),
    );
    either(not_negative(), own)
}

/// Units that several charges share.
pub(super) fn pool() -> Value {
    table(
        [
            key("id", id(), "Only where pools are a list", "仅在列表写法中使用"),
            needed("units", not_negative(), "How many", "数量"),
        ]
        .into_iter()
        .chain(renewal()),
    )
}

fn renewal() -> [super::parts::Key; 4] {
    [
        key(
            "renews",
            words(&RENEWS),
            "When they are there again; every period by default",
            "何时重新发放，默认每个账期",
        ),
        key("limit", not_negative(), "At most so much is carried into the next period", "最多结转的数量"),
        key("periods", count(), "For so many further periods what is left stays", "结转后保留的账期数"),
        key("prorated", boolean(), "Whether a part of a period has only its share", "部分账期是否按比例"),
    ]
}
