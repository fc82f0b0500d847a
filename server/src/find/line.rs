//! The events behind the line of an invoice: what its charge prices, by the book version that priced it, as the ledger stood
//! when it was counted. Counting them again gives the line's quantity.

use engine::ids::CustomerId;
use engine::invoice::InvoiceNumber;
use engine::usage::{Event, MeterError, PricedEvents, Span};
use ledger::Row;

use super::flow::{Choice, FindError, find_meter};
use super::question::Question;
use crate::app::App;
use crate::db::to_us;
use crate::invoices::flow::{InvoiceError, Said, document};
use crate::metering::stood::Stood;

/// What decides whether an event is behind a line.
#[derive(Debug)]
pub struct Behind {
    /// None where the line prices no meter: a flat fee, a minimum.
    events: Option<PricedEvents>,
    /// What counted when the line did.
    stood: Stood,
}

impl Behind {
    /// Whether the event counted when the line did.
    pub(super) fn counted(&self, row: &Row<'_>, changed_by: Option<&str>) -> bool {
        self.stood.counted(row, changed_by)
    }

    pub(super) fn priced(&self, event: &Event) -> Result<bool, MeterError> {
        match &self.events {
            Some(events) => events.hold(event),
            None => Ok(false),
        }
    }
}

/// The events behind a line, counted from 0. A customer who asks sees their own invoices only.
pub async fn of_line(
    app: &App,
    (number, line): (InvoiceNumber, &str),
    (question, viewer): (&Question, Option<&CustomerId>),
) -> Result<Choice, FindError> {
    let stored = document(&app.db, number).await?;
    let draft = Said::read(number, &stored)?.into_draft();
    if viewer.is_some_and(|viewer| *viewer != draft.customer) {
        return Err(InvoiceError::Unknown(number).into());
    }
    let lines = draft.bill.lines.len();
    let place: Option<usize> = line.parse().ok();
    let no_line = || FindError::NoLine { number, line: line.to_owned(), lines };
    let priced = place.and_then(|place| draft.bill.lines.get(place)).ok_or_else(no_line)?;
    let books = app.shelf.books(&app.db).await?;
    let (id, version) = (&draft.bill.book.id, &draft.bill.book.version);
    let book = books.version(id, version).filter(|book| book.digest() == draft.bill.book.digest);
    let book = book.ok_or_else(|| FindError::NoBook { book: id.clone(), version: version.clone() })?;
    let plan = book.plans.iter().find(|plan| plan.id == draft.bill.plan);
    let charge = plan.and_then(|plan| plan.charges.iter().find(|charge| charge.id == priced.charge));
    let span = Span::new(book.zone, draft.period);
    let events = charge.map(|charge| {
        let events = PricedEvents::of(books.meters_of(book), span, charge);
        if question.group.is_empty() { events } else { events.in_group(question.group.clone()) }
    });
    let history = events.as_ref().is_some_and(PricedEvents::want_history);
    let (from_us, end_us) = question.span_us();
    let start_us = if history { from_us } else { from_us.max(to_us(draft.period.start)) };
    // A customer sees the meters of public plans and their own, as everywhere.
    let view = viewer.map(|_| book.view_for(std::slice::from_ref(&draft.bill.plan)).book);
    let shown = view.as_ref().unwrap_or(book);
    let mut choice = Choice {
        customer: draft.customer,
        start_us,
        end_us: end_us.min(to_us(draft.period.end)),
        kind: question.kind.clone(),
        source: question.source.clone(),
        fields: question.fields.clone(),
        meter: question.meter.as_deref().map(|name| find_meter(shown, name)).transpose()?,
        behind: None,
    };
    let stood = Stood::at(&app.db, choice.query(), stored.through).await?;
    choice.behind = Some(Behind { events, stood });
    Ok(choice)
}
