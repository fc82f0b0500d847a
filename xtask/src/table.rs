//! Prints a table: the first column to the left, figures to the right.
//! The only module that writes to standard output, so that results can be piped.
#![expect(clippy::print_stdout, reason = "showing results on the terminal is its job")]

/// Prints a title, the headings and the rows.
pub(crate) fn print(title: &str, headings: &[&str], rows: &[Vec<String>]) {
    println!("\n{title}\n");
    for line in lines(headings, rows) {
        println!("{line}");
    }
}

/// Prints one line below a table.
pub(crate) fn remark(text: &str) {
    println!("\n{text}");
}

fn lines(headings: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let headings: Vec<String> = headings.iter().map(|&text| text.to_owned()).collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| {
            rows.iter()
                .chain([&headings])
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    [&headings, &rule].into_iter().chain(rows).map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells: Vec<String> = cells
        .map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        })
        .collect();
    cells.join("  ").trim_end().to_owned()
}

/// A count with its thousands apart: 12 345 678.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// `number / base` to two places, rounded half up; a base of nothing gives a dash.
pub(crate) fn ratio(number: u64, base: u64) -> String {
    let Some(doubled) = number.saturating_mul(200).checked_div(base) else {
        return "–".to_owned();
    };
    let hundredths = doubled.saturating_add(1) / 2;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["longer".to_owned(), "1 000".to_owned()]];
        assert_eq!(
            lines(&["file", "raw"], &rows),
            ["file      raw", "------  -----", "a           1", "longer  1 000"]
        );
    }

    #[test]
    fn table_without_rows_has_its_head() {
        assert_eq!(lines(&["file"], &[]), ["file", "----"]);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1 000");
        assert_eq!(grouped(12_345_678), "12 345 678");
    }

    #[test]
    fn ratios_have_two_places() {
        assert_eq!(ratio(3, 2), "1.50");
        assert_eq!(ratio(2, 3), "0.67");
        assert_eq!(ratio(1, 200), "0.01");
        assert_eq!(ratio(0, 5), "0.00");
        assert_eq!(ratio(5, 0), "–");
    }
}
