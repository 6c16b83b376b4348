//! Numbers in tables.

use core::fmt;

/// A number in at most twelve characters.
pub(super) struct Number(pub(super) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let x = self.0;
        let text = match x.abs() {
            _ if !x.is_finite() => format!("{x}"),
            0.0 => "0".to_owned(),
            size if (1e-3..1e9).contains(&size) && x.fract() == 0.0 => format!("{x}"),
            // a bound with a tolerance is not 1.00000
            _ if (x - 1.0).abs() < 5e-6 => {
                format!("1 {} {:.0e}", if x > 1.0 { '+' } else { '−' }, (x - 1.0).abs())
            }
            size if (1e-3..1e5).contains(&size) => format!("{x:.5}"),
            _ => format!("{x:.4e}"),
        };
        f.pad(&text)
    }
}

/// A share in percent in at most eight characters, or nothing.
pub(super) struct Percent(pub(super) Option<f64>);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0.map(|share| 100.0 * share) {
            None => String::new(),
            Some(0.0) => "0 %".to_owned(),
            Some(percent) if !(0.1..1000.0).contains(&percent) => format!("{percent:.0e} %"),
            Some(percent) => format!("{percent:.1} %"),
        };
        f.pad(&text)
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn count_of_rows(count: usize) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fit_their_column_and_are_never_rounded_to_nothing() {
        for share in [0.0, 1e-9, 0.5, 0.999_999, 1.0, 1e9, f64::MAX / 100.0] {
            assert!(Percent(Some(share)).to_string().chars().count() <= 8, "{share}");
        }
        assert_eq!(Percent(Some(1e-5)).to_string(), "1e-3 %");
        assert_eq!(Percent(Some(0.5)).to_string(), "50.0 %");
        assert_eq!(format!("{:>8}|", Percent(None)), "        |");
    }

    #[test]
    fn numbers_fit_their_column() {
        for x in [
            0.0,
            -1.0,
            123_456_789.0,
            -999_999.5,
            1e-300,
            -1.234_567e-300,
            f64::MAX,
            -f64::MIN_POSITIVE,
            1.0_f64.next_up(),
            1.0_f64.next_down(),
            f64::NAN,
        ] {
            let text = Number(x).to_string();
            assert!(text.chars().count() <= 12, "{text}");
        }
        assert_eq!(Number(0.25).to_string(), "0.25000");
        assert_eq!(Number(1.0 + 1e-8).to_string(), "1 + 1e-8");
        assert_eq!(Number(1.0_f64.next_down()).to_string(), "1 − 1e-16");
        assert_eq!(Number(1e-5).to_string(), "1.0000e-5");
        assert_eq!(format!("{:>5}|", Number(3.0)), "    3|");
    }
}
