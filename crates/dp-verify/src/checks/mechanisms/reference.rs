//! Reference values in 60 digits, and the exact order of floats and decimals.

use core::cmp::Ordering;

/// Made by `oracles/mechanisms.py`, which says what the lines are.
const TEXT: &str = include_str!("../../../oracles/mechanisms.txt");

/// Significant digits after which every float has ended.
const ALL_DIGITS: usize = 780;

/// The fields of all lines of one kind.
pub(super) fn fields(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    fields_of(TEXT, kind)
}

/// The same in the text of another oracle.
pub(super) fn fields_of(text: &'static str, kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(move |fields| fields[0] == kind).map(|fields| fields[1..].to_vec())
}

/// Arguments and value of all lines of one kind.
pub(super) fn values<const N: usize>(kind: &str) -> Vec<([f64; N], &'static str)> {
    fields(kind).map(|fields| (core::array::from_fn(|i| number(fields[i])), fields[N])).collect()
}

/// A field as a number.
pub(super) fn number<T: core::str::FromStr>(field: &str) -> T {
    field.parse().unwrap_or_else(|_| panic!("the reference values hold a malformed number: {field}"))
}

/// Order of a float against a nonzero decimal, by their exact values.
pub(super) fn compare(x: f64, decimal: &str) -> Ordering {
    if let Some(positive) = decimal.strip_prefix('-') {
        return if x < 0.0 { compare(-x, positive).reverse() } else { Ordering::Greater };
    }
    if x <= 0.0 || x.is_infinite() {
        return x.total_cmp(&1.0);
    }
    parts(&format!("{x:.ALL_DIGITS$e}")).cmp(&parts(decimal))
}

/// Exponent and significant digits of a positive decimal `d.ddd` or `d.ddde±x`.
fn parts(decimal: &str) -> (i32, String) {
    let (mantissa, exponent) = decimal.split_once('e').unwrap_or((decimal, "0"));
    let digits = mantissa.replace('.', "");
    (number(exponent.trim_start_matches('+')), digits.trim_end_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_by_exact_value() {
        // 0.1 as a float is 0.1000000000000000055…
        assert_eq!(compare(0.1, "1e-1"), Ordering::Greater);
        assert_eq!(compare(0.1, "1.0000000000000000556e-1"), Ordering::Less);
        assert_eq!(compare(0.5, "5.0e-1"), Ordering::Equal);
        assert_eq!(compare(-0.1, "-1e-1"), Ordering::Less);
        assert_eq!(compare(0.1, "-1e-1"), Ordering::Greater);
        assert_eq!(compare(5e-324, "4.94e-324"), Ordering::Greater);
        assert_eq!(compare(5e-324, "4.95e-324"), Ordering::Less);
        assert_eq!(compare(f64::INFINITY, "1e+99"), Ordering::Greater);
        assert_eq!(compare(0.0, "1e-99"), Ordering::Less);
        assert_eq!(compare(12.0, "3.5"), Ordering::Greater);
    }

    #[test]
    fn every_kind_has_its_lines() {
        for (kind, least) in [("delta", 40), ("noise", 12), ("epsilon", 8), ("quantile", 12), ("cell", 200)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
        for (kind, least) in [("pure", 8), ("zcdp", 8), ("tail", 20)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
    }
}
