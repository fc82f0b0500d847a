//! `customers`, `assign` and `link`: whose usage it is.

use clap::Args;
use engine::ids::{BookId, CustomerId, PlanId};
use engine::period::Month;

use super::CliError;
use super::screen::{Align, Screen};
use crate::app::App;
use crate::auth::flow::{LINK_DAYS, create};
use crate::customers::flow::{Details, put};
use crate::customers::store;

pub(super) const CUSTOMERS_EXAMPLES: &str = "\
Examples:
  ratecard customers
  ratecard customers --limit 20";

#[derive(Debug, Args)]
pub(super) struct CustomersArgs {
    /// At most so many
    #[arg(long, default_value_t = 1000)]
    limit: u32,
}

pub(super) async fn customers(app: &App, args: &CustomersArgs, screen: &mut Screen) -> Result<(), CliError> {
    let head = ["CUSTOMER", "NAME", "BOOK", "PLAN", "SINCE"].map(str::to_owned).to_vec();
    let rows = store::page(&app.db, "", args.limit).await?.into_iter().map(|customer| {
        let name = customer.display_name().to_owned();
        let assigned = customer.assignment.as_ref();
        let cell = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        vec![
            customer.id.to_string(),
            name,
            cell(assigned.map(|assigned| assigned.book.to_string())),
            cell(assigned.map(|assigned| assigned.plan.to_string())),
            cell(assigned.map(|assigned| assigned.since.to_string())),
        ]
    });
    screen.table(&[Align::Left; 5], &std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

pub(super) const ASSIGN_EXAMPLES: &str = "\
Examples:
  ratecard assign acme --book acme-api --plan starter --name 上海示例科技有限公司
  ratecard assign acme --book acme-api --plan growth
From the month --since on the plan is billed even without usage. Another plan holds for every month that is not billed
yet: bill the month before, then assign it.";

#[derive(Debug, Args)]
pub(super) struct AssignArgs {
    /// The customer
    customer: String,
    /// A published price book
    #[arg(long)]
    book: String,
    /// A plan of that book
    #[arg(long)]
    plan: String,
    /// What bills call the customer
    #[arg(long)]
    name: Option<String>,
    /// First month billed even without usage [default: the current month]
    #[arg(long, value_name = "YYYY-MM")]
    since: Option<String>,
}

pub(super) async fn assign(app: &App, args: &AssignArgs, screen: &mut Screen) -> Result<(), CliError> {
    let id = CustomerId::new(&args.customer)?;
    let before = store::find(&app.db, &id).await?;
    let details = Details {
        name: args.name.clone().or_else(|| before.and_then(|customer| customer.name)),
        plan: Some((BookId::new(&args.book)?, PlanId::new(&args.plan)?)),
        since: args.since.as_deref().map(Month::parse).transpose()?,
    };
    let books = app.shelf.books(&app.db).await?;
    let customer = put(&app.db, &books, (&id, &details), app.clock.now()).await?;
    let since = customer.assignment.as_ref().map(|assignment| assignment.since.to_string()).unwrap_or_default();
    screen.line(&format!("{} ({}): {} of {} from {since}", id, customer.display_name(), args.plan, args.book))
}

pub(super) const LINK_EXAMPLES: &str = "\
Examples:
  ratecard link acme
  ratecard link acme --days 7
The link shows the customer their own usage and prices, and nothing else. It is told once and kept nowhere.";

#[derive(Debug, Args)]
pub(super) struct LinkArgs {
    /// The customer
    customer: String,
    /// How many days it lasts, 1 to 366
    #[arg(long, default_value_t = LINK_DAYS)]
    days: u32,
}

pub(super) async fn link(app: &App, args: &LinkArgs, screen: &mut Screen) -> Result<(), CliError> {
    let id = CustomerId::new(&args.customer)?;
    let link = create(&app.db, &id, args.days, app.clock.now()).await?;
    screen.line(&format!("http://{}/trial.html#{}", app.config.listen, link.token))?;
    screen.note(&format!("valid until {}", link.expires_at.format("%Y-%m-%d %H:%M UTC")));
    Ok(())
}
