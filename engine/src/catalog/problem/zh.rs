//! What is wrong with a book, in Chinese. Only words; `en.rs` has the same in English.

use super::ProblemKind;
use super::instead::instead;
use crate::catalog::price::MODEL_KEYS;
use crate::money::BadCurrency;
use crate::quantity::BadDecimal;
use crate::text::Lang;

impl ProblemKind {
    #[expect(clippy::too_many_lines, reason = "a table: one message for each problem")]
    pub(super) fn zh(&self) -> String {
        match self {
            Self::Syntax { detail } => format!("不是有效的 TOML：{detail}"),
            Self::UnknownKey { key, allowed, meant } => {
                let meant = meant.as_ref().map(|word| format!("您是否想写“{word}”？")).unwrap_or_default();
                format!("此处没有“{key}”这个键。{meant}允许的键：{}", allowed.join("、"))
            }
            Self::MissingKey { key } => format!("缺少“{key}”"),
            Self::WrongType { found, expected } => {
                format!("这里是{}；需要{}", found_zh(found), expected.words(Lang::Zh))
            }
            Self::BadDecimal(BadDecimal::NotPlain(text)) => {
                format!("“{text}”不是普通十进制数；请写成 1200000 或 0.25，不带指数和分隔符")
            }
            Self::BadDecimal(BadDecimal::TooLong(text)) => {
                format!("“{text}”的数字过多；最多精确保存 28 位")
            }
            Self::Negative { value } => format!("{value} 小于零；只允许 0 或更大"),
            Self::NotPositive { value } => format!("{value} 不大于零；只允许大于 0 的数"),
            Self::BadId { text, .. } => {
                format!("“{text}”不是有效的标识：1 到 64 个字符，仅限 a-z、0-9、“-”、“_”和“.”，以字母或数字开头")
            }
            Self::DuplicateId { id } => format!("标识“{id}”在此处出现两次；每个标识必须唯一"),
            Self::BadCurrency(BadCurrency::Unknown(code)) => {
                format!("“{code}”不是 ISO 4217 货币代码，例如 CNY 或 USD")
            }
            Self::BadCurrency(BadCurrency::NoMinorUnit(code)) => {
                format!("{code} 在 ISO 4217 中没有最小单位，不能用于计费")
            }
            Self::UnknownZone { name } => {
                format!("“{name}”不是 IANA 时区，例如 Asia/Shanghai 或 UTC")
            }
            Self::BadDate { text } => {
                format!("“{text}”不是日期；请写成 YYYY-MM-DD，例如 2026-12-01")
            }
            Self::UnknownOption { text, allowed } => {
                format!("没有“{text}”这个选项；允许：{}", allowed.join("、"))
            }
            Self::EmptySelection => {
                "没有选中任何内容；请至少写一个属性及其取值，例如 where = { region = \"eu\" }，或去掉它".to_owned()
            }
            Self::Empty => "文本为空；请写上客户能读懂的文字".to_owned(),
            Self::UnknownMeter { id, known } => {
                format!("没有计量项“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::UnknownPlan { id, known } => {
                format!("没有套餐“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::FieldForCount => "计数不需要 field；请删除它，或写 aggregate = \"sum\"".to_owned(),
            Self::NotForAggregate { key, aggregate } => {
                format!("“{key}”对聚合方式 {aggregate} 没有意义；请去掉它")
            }
            Self::NotOneDimension { found } => {
                let found =
                    if found.is_empty() { "一个也没有".to_owned() } else { format!("有 {}", found.join("、")) };
                format!("维度须且仅须来自 field、calendar、window 之一；此处{found}")
            }
            Self::Bands => "各档必须递增：除最后一档外每档都要有大于上一档的 up_to，最后一档没有".to_owned(),
            Self::UnknownCalendar { id, known } => {
                format!("没有日历“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::BadWindow { text } => {
                format!("“{text}”不是时间窗口；允许 P1D、P1W、P1M，以及能整除一天的时长，例如 PT5M 或 PT1H")
            }
            Self::BadTime { text } => format!("“{text}”不是一天中的时刻；请写成 HH:MM，从 00:00 到 24:00"),
            Self::TimeOrder { from, to } => {
                format!("时段从 {from} 开始、到 {to} 结束；from 必须更早（跨夜请写两行）")
            }
            Self::NotOneModel { found } if found.is_empty() => {
                format!("该收费项没有价格；请从以下选项中给出且仅给出一个：{}", MODEL_KEYS.join("、"))
            }
            Self::NotOneModel { found } => {
                format!("该收费项同时有 {}；只能给出其中一个", found.join("、"))
            }
            Self::NotForFlat { key } => format!("固定费用与用量无关；“{key}”在此没有意义"),
            Self::NotForModel { key, model } => {
                format!("“{key}”在 {model} 中没有意义；请去掉{}", instead(key, model, Lang::Zh))
            }
            Self::NeedsSamples { meter } => format!("该收费项逐个事件计价；请在计量项 {meter} 中写 samples = true"),
            Self::NeedsSum { meter, running_total: true } => {
                format!("累计量逐个事件累加；计量项 {meter} 须为 count 或 sum，且不写 round")
            }
            Self::NeedsSum { meter, running_total: false } => {
                format!(
                    "该收费项逐个事件计价，计量项 {meter} 的用量须为各事件之和，且不写 round；允许：count、sum、prorated_sum，以及没有分组或 each = \"group\" 时的 unique_count、prorated_unique_count、high_water、prorated_high_water"
                )
            }
            Self::UnknownCharge { id, known } => {
                format!("该套餐没有收费项“{id}”；有：{}", known.join("、"))
            }
            Self::CircularCharge { circle } => {
                format!("该收费项是自身的一部分：{}；请去掉其中一项", circle.join(" → "))
            }
            Self::UnreachableTier => "前面的某一级已涵盖本级的全部用量；请提高某个上限，或删除本级".to_owned(),
            Self::CapBelowFlat { cap, flat } => {
                format!("封顶价 {cap} 低于固定费 {flat}；一级至少收取固定费，请写不低于它的数")
            }
            Self::MinimumAboveMaximum { minimum, maximum } => {
                format!("最低 {minimum} 高于最高 {maximum}；请写不超过它的数")
            }
            Self::NotWhole { value } => format!("{value} 不是整数；只允许 1、2、3 等"),
            Self::EndlessShares => {
                "按整张账单舍入时各行保留全部数字，但按时间折算的份额可能是无限小数；请改用 rounding = { at = \"line\" }".to_owned()
            }
            Self::NotBoth { key, other } => format!("“{key}”与“{other}”互斥；只能写其中一个"),
            Self::Needs { key, other } => format!("没有“{other}”时“{key}”没有意义；请补上，或两者都去掉"),
            Self::TooLarge { value } => format!("{value} 在此过大；最多精确保存 28 位"),
            Self::BadPlaces { value } => format!("{value} 不是小数位数；只允许 -20 到 20 的整数"),
            Self::EndlessConversion => {
                "一个单位除以该数得到无限小数；请加上舍入，例如 round = \"half_up\", places = \"6\"".to_owned()
            }
            Self::NoGroups => "该计量项没有分组；请为它写 group_by，或去掉 each".to_owned(),
            Self::GroupsDoNotAddUp => {
                "该计量项的部分分组不能相加（例如最大值）；请写 each = \"group\"，或在计量项中筛选".to_owned()
            }
            Self::TrialCanBill { highest } => {
                let how_much =
                    highest.as_ref().map_or_else(|| "且没有上限".to_owned(), |amount| format!("最高 {amount}"));
                format!("试用套餐不得产生费用，但该套餐可以（{how_much}）；请去掉价格、封顶为 0，或去掉 trial")
            }
            Self::Matrix(problem) => problem.message(Lang::Zh),
            Self::NoPlans => "价目表没有套餐；至少需要一个 [plans.…]".to_owned(),
            Self::NoCharges => "套餐没有收费项；至少需要一个".to_owned(),
            Self::NoTiers => "阶梯列表为空；至少需要一级".to_owned(),
            Self::LastTierBounded => "最后一级在此结束，更大的用量将没有价格；请去掉最后一级的 up_to".to_owned(),
            Self::InnerTierOpen => "最后一级之前的阶梯需要 up_to；只有最后一级是开放的".to_owned(),
            Self::TierOrder { up_to, lower } => {
                format!("本级到 {up_to} 为止，但上一级已到 {lower}；up_to 必须递增")
            }
            Self::TierGap { from, lower } => {
                format!("本级从 {from} 开始，上一级到 {lower} 为止：中间的用量没有价格；请写 from = \"{lower}\" 或省略")
            }
            Self::TierOverlap { from, lower } => {
                format!(
                    "本级从 {from} 开始，上一级到 {lower} 为止：中间的用量有两个价格；请写 from = \"{lower}\" 或省略"
                )
            }
            Self::PercentTooHigh { percent } => format!("百分之 {percent} 过高；只允许 0 到 100"),
            Self::MinimumNotLast => "距最低金额的差额到最后才能确定；请让 terms.order 中的“minimum”排在最后".to_owned(),
            Self::OrderNotForSplit => {
                "分段计费的周期只能按优惠、最高、最低的顺序应用条款；请去掉其收费项中的 terms.order".to_owned()
            }
            Self::FactorBelowOne { value } => {
                format!("系数 {value} 会使超出部分比承诺以内更便宜；只允许 1 或更大")
            }
            Self::CommitmentWithoutEffect => {
                "承诺之下没有应补的金额（不补差，或承诺为 0），且超额倍数为 1，承诺不起任何作用；请修改其中一项，或去掉承诺".to_owned()
            }
            Self::RestartsInParts { in_progress } => {
                format!(
                    "in_progress = \"{in_progress}\" 时一个周期有多张账单，每张都会再次减去全部金额；请改用百分比，或写 in_progress = \"final\""
                )
            }
            Self::DiscountOnNothing => {
                "列表为空，折扣永远不起作用；请写上至少一项，或去掉此键以针对整张账单".to_owned()
            }
            Self::DiscountTooHigh { percent } => format!("百分之 {percent} 的折扣超过全额；只允许 0 到 100"),
            Self::UnknownTax { id, known } if known.is_empty() => {
                format!("此处没有税项“{id}”；请先在 [[taxes]] 中写出")
            }
            Self::UnknownTax { id, known } => format!("此处及之前没有税项“{id}”；已有 {}", known.join("、")),
            Self::UnknownTag { tag } => {
                format!("套餐中没有收费项带有标签“{tag}”；请加上，例如 tags = [\"{tag}\"]")
            }
            Self::InclusiveOnExclusive { id } => {
                format!("价内税不能以价外的“{id}”为税基；请将它从“on”中去掉")
            }
            Self::TaxedApart => {
                "tax_rules.base = \"invoice\" 时所有收费项税项相同；请去掉“taxes”，或写 base = \"group\"".to_owned()
            }
            Self::BadCount { value } => format!("{value} 不是个数；只允许 0 到 4294967295 的整数"),
            Self::BadMonth(bad) => format!("“{}”不是月份；请写成 YYYY-MM，1970-01 到 9998-12，例如 2026-12", bad.0),
            Self::EmptyTerm { from, until } => {
                format!("折扣自 {from} 开始，{until} 之前结束：没有月份享有；请写更晚的“until”")
            }
            Self::EndlessPrice { price, per } => {
                format!(
                    "按整张账单舍入时各行保留全部数字，但“每 {per} 价格 {price}”的单价超过 18 位小数；请改用 rounding = {{ at = \"line\" }}，或使用位数更少的价格和 per"
                )
            }
            Self::EffectiveNotFirst { date } => {
                format!("{date} 在月中；每个版本按整月计价，请写某月的第一天")
            }
            Self::Time(problem) => problem.message(Lang::Zh),
        }
    }
}

fn found_zh(found: &str) -> &'static str {
    match found {
        "a text" => "文本",
        "a whole number" => "整数",
        "true or false" => "true 或 false",
        "a list" => "列表",
        "a table" => "表",
        "a floating-point number" => "浮点数",
        "a date without quotes" => "未加引号的日期",
        "a number without quotes" => "未加引号的数字",
        _ => "空值",
    }
}
