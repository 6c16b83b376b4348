//! Which data sets count as neighbours: a type, so that two notions cannot be mixed by accident.
//!
//! Replacing a row is removing one and adding another: a guarantee for [`AddRemoveRow`] holds for [`ReplaceRow`] only
//! at twice the distance. Every sensitivity and every guarantee of this workspace carries its adjacency as a type
//! parameter; adding or comparing across adjacencies does not compile. In files the adjacency is written by name and
//! checked when it is read.

use crate::error::{Error, Parameter};
use core::fmt;
use serde::{Deserialize, Serialize};

mod sealed {
    pub trait Sealed {}
}

/// A neighbour relation on data sets whose records are rows. Sealed.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Adjacency, ReplaceRow};
///
/// assert_eq!(AddRemoveRow::NAME, "add_remove_row");
/// assert_eq!(ReplaceRow.to_string(), "replace_row");
/// ```
pub trait Adjacency:
    sealed::Sealed
    + Copy
    + PartialEq
    + fmt::Debug
    + fmt::Display
    + Send
    + Sync
    + Serialize
    + for<'de> Deserialize<'de>
    + 'static
{
    /// Permanent name, as written to files.
    const NAME: &'static str;
}

/// Neighbours differ by one row present or absent; the number of rows is private.
///
/// # Example
///
/// ```
/// let written = serde_json::to_string(&dp_mechanisms::AddRemoveRow).unwrap();
/// assert_eq!(written, r#"{"name":"add_remove_row"}"#);
/// assert!(serde_json::from_str::<dp_mechanisms::ReplaceRow>(&written).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct AddRemoveRow;

/// Neighbours have equally many rows and differ in the content of one; the number of rows is public.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Adjacency, ReplaceRow};
///
/// assert_eq!(ReplaceRow::NAME, "replace_row");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct ReplaceRow;

/// Neighbours differ by one document, all of whose rows are present or absent; the numbers of rows and documents are private.
///
/// Which rows are one document is part of the data, usually a column of ids: one person's messages, one file's passages.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveDocument, Adjacency};
///
/// assert_eq!(AddRemoveDocument::NAME, "add_remove_document");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct AddRemoveDocument;

/// Neighbours differ in one row, which moves by at most `radius` in Euclidean norm (metric privacy).
///
/// Protects small changes of a record, not the record: use it only where that is what is meant.
///
/// # Example
///
/// ```
/// let close = dp_mechanisms::PerturbRow::new(0.01)?;
/// assert_eq!(close.radius(), 0.01);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct PerturbRow {
    radius: f64,
}

impl PerturbRow {
    /// Rows that move by at most `radius` (Euclidean norm, data units).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `0 < radius < ∞`.
    pub fn new(radius: f64) -> Result<Self, Error> {
        Parameter::Radius.check(radius, radius > 0.0 && radius.is_finite()).map(|radius| Self { radius })
    }

    /// Largest Euclidean distance between a row and its neighbour.
    #[must_use]
    pub const fn radius(self) -> f64 {
        self.radius
    }
}

/// Data sets that a chain of at most `size` neighbours leads from one to the other: a group of as many rows changes at once.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Group};
///
/// let household = Group::new(5, AddRemoveRow)?;
/// assert_eq!((household.size(), household.row()), (5, AddRemoveRow));
/// assert!(Group::new(0, AddRemoveRow).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", try_from = "GroupRecord<A>", into = "GroupRecord<A>")]
pub struct Group<A: Adjacency> {
    size: u32,
    row: A,
}

impl<A: Adjacency> Group<A> {
    /// Groups of at most `size` rows.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for size zero.
    pub fn new(size: u32, row: A) -> Result<Self, Error> {
        Parameter::GroupSize.check(f64::from(size), size > 0).map(|_| Self { size, row })
    }

    /// Largest number of rows that change.
    #[must_use]
    pub const fn size(self) -> u32 {
        self.size
    }

    /// What may happen to each of them.
    #[must_use]
    pub const fn row(self) -> A {
        self.row
    }
}

/// How an adjacency is written: by name, because unit types leave no trace in most formats.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    radius: Option<f64>,
}

/// The same for groups.
#[derive(Serialize, Deserialize)]
#[serde(bound = "A: Adjacency", deny_unknown_fields)]
struct GroupRecord<A> {
    name: String,
    size: u32,
    row: A,
}

#[derive(Debug)]
struct WrongAdjacency {
    expected: &'static str,
    found: String,
}

impl fmt::Display for WrongAdjacency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected adjacency {}, found {}", self.expected, self.found)
    }
}

impl Record {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), radius: None }
    }

    fn expect(self, expected: &'static str) -> Result<Option<f64>, WrongAdjacency> {
        if self.name == expected && self.radius.is_some() == (expected == PerturbRow::NAME) {
            Ok(self.radius)
        } else {
            Err(WrongAdjacency { expected, found: self.name })
        }
    }
}

macro_rules! unit_adjacency {
    ($type:ident, $name:literal) => {
        impl sealed::Sealed for $type {}

        impl Adjacency for $type {
            const NAME: &'static str = $name;
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::NAME)
            }
        }

        impl From<$type> for Record {
            fn from(_: $type) -> Self {
                Self::named($type::NAME)
            }
        }

        impl TryFrom<Record> for $type {
            type Error = WrongAdjacency;

            fn try_from(record: Record) -> Result<Self, WrongAdjacency> {
                record.expect(Self::NAME).map(|_| Self)
            }
        }
    };
}

unit_adjacency!(AddRemoveRow, "add_remove_row");
unit_adjacency!(ReplaceRow, "replace_row");
unit_adjacency!(AddRemoveDocument, "add_remove_document");

impl sealed::Sealed for PerturbRow {}

impl Adjacency for PerturbRow {
    const NAME: &'static str = "perturb_row";
}

impl fmt::Display for PerturbRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(radius {})", Self::NAME, self.radius)
    }
}

impl From<PerturbRow> for Record {
    fn from(adjacency: PerturbRow) -> Self {
        Self { radius: Some(adjacency.radius), ..Self::named(PerturbRow::NAME) }
    }
}

impl TryFrom<Record> for PerturbRow {
    type Error = WrongAdjacency;

    fn try_from(record: Record) -> Result<Self, WrongAdjacency> {
        let radius = record.expect(Self::NAME)?.unwrap_or(f64::NAN);
        Self::new(radius).map_err(|error| WrongAdjacency { expected: Self::NAME, found: error.to_string() })
    }
}

impl<A: Adjacency> sealed::Sealed for Group<A> {}

impl<A: Adjacency> Adjacency for Group<A> {
    const NAME: &'static str = "group_of_rows";
}

impl<A: Adjacency> fmt::Display for Group<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}, {})", Self::NAME, self.size, self.row)
    }
}

impl<A: Adjacency> From<Group<A>> for GroupRecord<A> {
    fn from(group: Group<A>) -> Self {
        Self { name: Group::<A>::NAME.to_owned(), size: group.size, row: group.row }
    }
}

impl<A: Adjacency> TryFrom<GroupRecord<A>> for Group<A> {
    type Error = WrongAdjacency;

    fn try_from(record: GroupRecord<A>) -> Result<Self, WrongAdjacency> {
        let found = if record.name == Self::NAME { "size 0".to_owned() } else { record.name };
        let wrong = WrongAdjacency { expected: Self::NAME, found: found.clone() };
        if found == "size 0" { Self::new(record.size, record.row).map_err(|_| wrong) } else { Err(wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_adjacency_loads_only_as_itself() {
        let add_remove = serde_json::to_string(&AddRemoveRow).unwrap();
        let perturb = serde_json::to_string(&PerturbRow { radius: 0.5 }).unwrap();
        assert_eq!(serde_json::from_str::<AddRemoveRow>(&add_remove).unwrap(), AddRemoveRow);
        assert_eq!(serde_json::from_str::<PerturbRow>(&perturb).unwrap().radius(), 0.5);
        assert!(serde_json::from_str::<ReplaceRow>(&add_remove).is_err());
        assert!(serde_json::from_str::<PerturbRow>(&add_remove).is_err());
        assert!(serde_json::from_str::<AddRemoveRow>("null").is_err());
    }

    #[test]
    fn a_saved_group_loads_only_as_a_group_of_the_same_rows() {
        let text = serde_json::to_string(&Group { size: 3, row: AddRemoveRow }).unwrap();
        assert_eq!(serde_json::from_str::<Group<AddRemoveRow>>(&text).unwrap().size(), 3);
        assert!(serde_json::from_str::<Group<ReplaceRow>>(&text).is_err());
        assert!(serde_json::from_str::<AddRemoveRow>(&text).is_err());
        for (from, to) in [("3", "0"), ("group_of_rows", "group")] {
            assert!(serde_json::from_str::<Group<AddRemoveRow>>(&text.replace(from, to)).is_err());
        }
    }

    #[test]
    fn a_perturbation_without_a_sound_radius_does_not_load() {
        for radius in ["-1.0", "0.0", "1e999"] {
            let text = format!(r#"{{"name":"perturb_row","radius":{radius}}}"#);
            assert!(serde_json::from_str::<PerturbRow>(&text).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<PerturbRow>(r#"{"name":"perturb_row"}"#).is_err());
    }
}
