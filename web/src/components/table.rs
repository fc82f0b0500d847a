//! A table of figures: the first column names the row, the others are numbers.

use yew::prelude::*;

/// What a table shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it is about, for those who cannot see it.
    pub caption: &'static str,
    /// One for each column.
    pub head: Vec<Html>,
    /// Rows of as many cells.
    pub rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// A class for the row, or nothing.
    pub class: &'static str,
    /// The first names the row.
    pub cells: Vec<Html>,
}

/// The table, in a frame that scrolls if it is too wide.
pub fn table(table: Table) -> Html {
    let head = table.head.into_iter().map(|cell| html! { <th scope="col">{ cell }</th> });
    let rows = table.rows.into_iter().map(|row| {
        let cells = row.cells.into_iter().enumerate().map(|(index, cell)| {
            if index == 0 {
                html! { <th scope="row">{ cell }</th> }
            } else {
                html! { <td>{ cell }</td> }
            }
        });
        html! { <tr class={row.class}>{ for cells }</tr> }
    });
    html! {
        <div class="table-frame" tabindex="0" role="region" aria-label={table.caption}>
            <table>
                <caption class="unseen">{ table.caption }</caption>
                <thead><tr>{ for head }</tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}
