//! All words of the pages, in 中文 and English side by side, so that neither is left over in the other.
//!
//! Names, numbers and steps come from the engine's `text`; here are only the words around them.

mod dates;
mod phrases;

use engine::text::Lang;

pub use dates::{date, day_of_month};
pub use phrases::*;

macro_rules! words {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        $(
            #[doc = $en]
            pub fn $name(lang: Lang) -> &'static str {
                lang.pick($zh, $en)
            }
        )*
    };
}

words! {
    theme_system: "跟随系统", "System theme";
    theme_light: "浅色", "Light";
    theme_dark: "深色", "Dark";
    calculator_title: "价格计算器", "Price calculator";
    your_usage: "您的用量", "What you use";
    your_cost: "您的费用", "What it costs";
    usage_hint: "每月。可直接输入，例如 120万、3亿、1.2M。", "A month. Type as you like: 1,200,000, 1.2M, 120万.";
    presets: "示例用量", "Example amounts";
    try_out: "试用", "Try-out";
    start_up: "起步", "Start-up";
    scale: "规模化", "Scale";
    price_book: "价目表", "Price book";
    plan: "套餐", "Plan";
    a_month: "每月", "a month";
    a_year: "每年", "a year";
    cheapest: "最便宜", "Cheapest";
    subtotal: "小计", "Subtotal";
    total: "合计", "Total";
    lines_total: "各行合计", "Sum of the lines";
    due: "应付", "Due";
    invoice_rounding: "整单舍入", "Rounding of the bill";
    show_steps: "展开全部计算步骤", "Show every step";
    hide_steps: "收起计算步骤", "Hide the steps";
    how_computed: "点击任意一行，查看如何算出", "Open a line to see how it is computed";
    copy_link: "复制链接", "Copy link";
    copied: "已复制", "Copied";
    copy_failed: "无法复制，请从地址栏复制", "Not copied: take it from the address bar";
    print: "打印", "Print";
    download: "下载估算", "Download estimate";
    side_by_side: "套餐对比", "Plans side by side";
    compare: "参与对比", "Compare";
    difference: "比最便宜的贵", "More than the cheapest";
    not_in_plan: "不含", "not priced";
    included_in_plan: "不另收费", "free";
    curve_over: "用量轴", "Usage on the axis";
    curve_table: "以表格查看", "The same as a table";
    nothing_to_compare: "没有套餐为全部用量定价，因此没有曲线。", "No plan prices all of this usage, so there is no curve.";
    here: "当前", "now";
    tax_included: "含税", "tax included";
    no_tax: "未税", "without tax";
    less: "减少", "Less";
    more: "增加", "More";
    loading: "正在载入价目表…", "Loading the price book…";
    failed_unreachable: "价目表没有载入。", "The price book did not come.";
    failed_unreadable: "价目表已到，但无法读取。", "The price book came, but cannot be read.";
    failed_empty: "还没有公开的套餐。", "There are no public plans yet.";
    do_reload: "请检查网络连接，然后重试。", "Check your connection, then try again.";
    do_report: "请联系提供此页面的人，并告知以下内容。", "Tell whoever offers this page, with the line below.";
    do_wait: "请稍后再来。", "Please come back later.";
    retry: "重试", "Try again";
    dismiss: "知道了", "Dismiss";
    link_problems: "链接中有部分内容无法使用，其余已恢复：", "Part of this link could not be used; the rest was restored:";
    link_book: "没有这本价目表", "there is no such price book";
    link_plan: "没有这个套餐", "there is no such plan";
    link_meter: "没有这项用量", "there is no such usage";
    link_quantity: "不是可用的数量", "not a quantity that can be used";
    link_language: "不支持的语言", "not a language of this page";
    too_large: "金额太大，无法精确计算。请减小用量。", "The amount is too large to be computed exactly. Lower the usage.";
    cannot_price: "无法计价：", "This cannot be priced: ";
    quantity_empty: "请输入数量", "Enter a quantity";
    quantity_negative: "不能小于 0", "Must not be below 0";
    quantity_too_large: "最多 1,000,000,000,000,000", "At most 1,000,000,000,000,000";
    quantity_too_fine: "最多 9 位小数", "At most 9 decimal places";
    quantity_not_a_number: "请写成 1200000、1,200,000、120万、3亿 或 1.2M", "Write it like 1200000, 1,200,000, 1.2M or 5k";
    too_many_events: "请输入 0 到 100,000 的整数", "A whole number up to 100,000";
    other: "其他", "Other";
    add_row: "添加一行", "Add a row";
    remove_row: "删除此行", "Remove this row";
    number_of_events: "笔数", "How many";
    each_event: "每笔", "Each";
    commit_title: "如果承诺另一个数额？", "What if you committed to another amount?";
    commit_unchanged: "调整数额，查看差别。", "Change the amount to see the difference.";
    no_axis: "各部分价格不同，因此没有随总用量变化的曲线", "Prices depend on the parts of the usage, so there is no curve over a total";
    trial_title: "免费额度", "Free quota";
    used: "已用", "used";
    left: "剩余", "left";
    today: "今天", "today";
    so_far: "本月至今", "This month so far";
    used_up: "已用完", "Used up";
    lasts_the_period: "按目前速度，本期用不完", "Lasts the month at this pace";
    no_quota: "此套餐没有免费额度。", "Your plan has no free quota.";
    token_missing: "这个链接不完整。", "This link is incomplete.";
    token_missing_do: "请从邮件或控制台完整打开链接：# 之后的部分缺失。", "Open it in full from your mail or console: the part after # is missing.";
    token_refused: "这个链接已失效。", "This link is no longer valid.";
    token_refused_do: "请在控制台生成新的链接，或联系支持人员。", "Make a new one in the console, or ask support.";
    trial_loading: "正在读取用量…", "Reading your usage…";
    trial_failed: "暂时没有用量数据。", "There are no figures at the moment.";
    trial_failed_do: "页面会自动重试。", "The page keeps trying by itself.";
    live: "实时", "Live";
}
