//! Lines that are prorated together: each is rounded, and they still add up to the rounded total.
//!
//! The line of largest magnitude takes the difference, because there it shows least; of equals, the first.

use super::proration::Cut;
use crate::exact::{Exact, Overflow};

/// Rounded lines and the total that they add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubLines {
    /// In the order in which they came.
    pub lines: Vec<Exact>,
    /// The sum of the lines, which is also the rounded sum of what came in.
    pub total: Exact,
    /// What the largest line took: the total less the sum of the lines rounded by themselves.
    pub absorbed: Exact,
}

/// Multiplies each line by `factor`, cuts it, and gives the difference to the cut total to the largest.
pub fn prorate_lines(lines: &[Exact], factor: Exact, cut: Cut) -> Result<SubLines, Overflow> {
    let sum = |lines: &[Exact]| lines.iter().try_fold(Exact::ZERO, |sum, line| sum.checked_add(*line));
    let total = cut.apply(sum(lines)?.checked_mul(factor)?)?;
    let each = lines.iter().map(|line| cut.apply(line.checked_mul(factor)?)).collect::<Result<Vec<_>, _>>();
    let mut each = each?;
    let absorbed = total.checked_sub(sum(&each)?)?;
    if let Some(largest) = largest(&mut each)? {
        *largest = largest.checked_add(absorbed)?;
    }
    Ok(SubLines { lines: each, total, absorbed })
}

fn largest(lines: &mut [Exact]) -> Result<Option<&mut Exact>, Overflow> {
    let mut found: Option<(&mut Exact, Exact)> = None;
    for line in lines {
        let magnitude = if line.signum() < 0 { Exact::ZERO.checked_sub(*line)? } else { *line };
        let larger = match &found {
            Some((_, most)) => magnitude.checked_sub(*most)?.signum() > 0,
            None => true,
        };
        if larger {
            found = Some((line, magnitude));
        }
    }
    Ok(found.map(|(line, _)| line))
}

#[cfg(test)]
mod tests {
    use super::prorate_lines;
    use crate::exact::Exact;
    use crate::invoice::proration::Cut;
    use crate::rounding::RoundingMode;

    fn prorated(lines: &[&str], factor: &str) -> (Vec<String>, String) {
        let lines: Vec<Exact> = lines.iter().map(|line| line.parse().unwrap()).collect();
        let found = prorate_lines(&lines, factor.parse().unwrap(), Cut::to(0, RoundingMode::HalfUp)).unwrap();
        (found.lines.iter().map(ToString::to_string).collect(), found.total.to_string())
    }

    #[test]
    fn the_largest_line_takes_what_rounding_lost() {
        // 370, 867.65, 287.49 and 49.21 round to 370 + 868 + 287 + 49 = 1574, as does 1574.35.
        let (lines, total) = prorated(&["1000", "2345", "777", "133"], "0.37");
        assert_eq!((lines.join(" "), total.as_str()), ("370 868 287 49".to_owned(), "1574"));
        // Thirds of 1 round to nothing, their sum to 1.
        let (lines, total) = prorated(&["1", "1", "1"], "1/3");
        assert_eq!((lines.join(" "), total.as_str()), ("1 0 0".to_owned(), "1"));
        // Halves of -3 and 1 round to -2 and 1, their sum -1 stays: nothing to take.
        let (lines, total) = prorated(&["-3", "1"], "1/2");
        assert_eq!((lines.join(" "), total.as_str()), ("-2 1".to_owned(), "-1"));
    }

    #[test]
    fn no_lines_are_nothing() {
        assert_eq!(prorated(&[], "0.37"), (Vec::new(), "0".to_owned()));
    }
}
