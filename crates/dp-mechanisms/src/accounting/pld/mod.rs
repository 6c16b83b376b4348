//! Privacy-loss distributions.

mod buffer;
mod cells;
mod compose;
mod fft;
mod grid;
mod masses;
mod query;
mod steering;
mod tail;
mod weights;
mod window;

pub(crate) use cells::{Atom, Cell, Cells, End, Ends, probability};
pub(crate) use grid::Grid;
pub(crate) use query::{Composition, Orders};
pub(crate) use steering::Component;
