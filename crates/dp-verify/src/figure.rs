//! What a check saw, as curves: for people who would rather look than read.

/// Curves and points over two axes.
///
/// A check hands it over with [`Outcome::with_figure`](crate::Outcome::with_figure); the page of a run draws it. It decides nothing.
///
/// ```
/// use dp_verify::{Axis, Figure, Outcome, Role};
/// let exact = (1..=4).map(|n| (f64::from(n), 0.3 / f64::from(n)));
/// let bound = (1..=4).map(|n| (f64::from(n), 0.5 / f64::from(n)));
/// let figure = Figure::new("error against terms", Axis::linear("terms"), Axis::logarithmic("error"))
///     .with_curve(Role::Bound, "proven", bound)
///     .with_curve(Role::Observed, "computed", exact);
/// let outcome = Outcome::at_most(0.3, 0.5, 4).with_figure(figure);
/// assert_eq!(outcome.figure.map(|figure| figure.curves.len()), Some(2));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What is drawn.
    pub title: String,
    /// From left to right.
    pub across: Axis,
    /// Upwards.
    pub up: Axis,
    /// In the order of the legend.
    pub curves: Vec<Curve>,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Quantity, and unit if it has one.
    pub label: String,
    /// How numbers are spread.
    pub scale: Scale,
}

/// How numbers are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// Powers of ten evenly; what is not positive is not drawn.
    Logarithmic,
}

/// Points with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What the points are.
    pub role: Role,
    /// In the legend.
    pub name: String,
    /// Coordinates.
    pub points: Vec<(f64, f64)>,
}

/// What points are in an argument; it decides how they look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What the claim states: a line.
    Bound,
    /// What is known without error: a dashed line.
    Exact,
    /// What was measured or searched: points.
    Observed,
    /// The same of the broken twin: crosses of another colour. Where twin and shipped thing draw one picture, the page makes these itself.
    Twin,
}

impl Axis {
    /// Evenly spread.
    #[must_use]
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear }
    }

    /// By powers of ten.
    #[must_use]
    pub fn logarithmic(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Logarithmic }
    }
}

impl Figure {
    /// No curves yet.
    #[must_use]
    pub fn new(title: &str, across: Axis, up: Axis) -> Self {
        Self { title: title.to_owned(), across, up, curves: Vec::new() }
    }

    /// With one more curve; points that are not finite are left out.
    #[must_use]
    pub fn with_curve(
        mut self,
        role: Role,
        name: &str,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        self.curves.push(Curve { role, name: name.to_owned(), points });
        self
    }
}
