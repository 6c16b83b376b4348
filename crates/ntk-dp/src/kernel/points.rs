//! Points that a kernel has looked at, and tiles of its matrix.

use super::recursion::{Run, Scratch};
use super::sites::{self, Sites};
use super::{Form, Kernel, check_points};
use crate::dual::{Dual, Erf, Gelu, PiecewiseLinear, Quadratic};
use crate::{Activation, Error, Network};
use core::ops::Range;
use dp_linalg::{Accumulate, MatMut, MatRef, Parallelism, Scalar, matmul_nt_into};

/// Rows and what the recursion needs of each.
#[derive(Debug, Clone)]
pub(crate) struct Points<'a, T: Scalar = f64> {
    rows: MatRef<'a, T>,
    sites: Sites,
    diagonal: Vec<f64>,
}

impl<'a, T: Scalar> Points<'a, T> {
    pub(crate) fn new(kernel: &Kernel, rows: MatRef<'a, T>) -> Result<Self, Error> {
        check_points(rows)?;
        let (sites, diagonal) = match &kernel.form {
            Form::Tangent(network) => {
                let mut sites = sites_of(network, rows);
                let diagonal = core::mem::take(&mut sites.tangent);
                (sites, diagonal)
            }
            Form::Covariance(network) => {
                let mut sites = sites_of(network, rows);
                let diagonal = core::mem::take(&mut sites.variance);
                (sites, diagonal)
            }
            Form::SquaredProduct(variance) => (Sites::default(), squared_products(*variance, rows)),
        };
        // of this kernel alone: the tangent kernel may overflow where the covariance does not
        match diagonal.iter().position(|&value| !T::from_f64(value).is_finite()) {
            Some(row) => Err(Error::Point { row }),
            None => Ok(Self { rows, sites, diagonal }),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// The kernel of each point with itself.
    pub(crate) fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    pub(crate) fn into_diagonal(self) -> Vec<f64> {
        self.diagonal
    }
}

fn sites_of<T: Scalar>(network: &Network, rows: MatRef<'_, T>) -> Sites {
    match network.activation() {
        Activation::Relu => Sites::new(PiecewiseLinear::new(0.0), network, rows),
        Activation::LeakyRelu { slope } => Sites::new(PiecewiseLinear::new(slope), network, rows),
        Activation::Erf => Sites::new(Erf, network, rows),
        Activation::Gelu => Sites::new(Gelu, network, rows),
        Activation::Quadratic => Sites::new(Quadratic, network, rows),
    }
}

fn squared_products<T: Scalar>(variance: f64, rows: MatRef<'_, T>) -> Vec<f64> {
    let value = |point| {
        let square = sites::square::<T>(point);
        variance * square * square
    };
    rows.rows().map(value).collect()
}

/// Pairs of one row that go through all layers together: lists of 4 KiB.
pub(crate) const RUN: usize = 512;

/// Computes tiles of one kernel's matrix; holds scratch space for one thread.
pub(crate) struct Tiles<'a, T: Scalar = f64> {
    form: &'a Form,
    left: &'a Points<'a, T>,
    right: &'a Points<'a, T>,
    scratch: Scratch,
}

impl<'a, T: Scalar> Tiles<'a, T> {
    pub(crate) fn new(kernel: &'a Kernel, left: &'a Points<'a, T>, right: &'a Points<'a, T>) -> Self {
        Self { form: &kernel.form, left, right, scratch: Scratch::default() }
    }

    /// Writes the kernel of points `rows` on the left and `columns` on the right to `out`, of that shape.
    pub(crate) fn write(
        &mut self,
        rows: Range<usize>,
        columns: Range<usize>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), Error> {
        let (left, right) = (self.left.rows.subrows(rows.clone()), self.right.rows.subrows(columns.clone()));
        matmul_nt_into(out.reborrow(), Accumulate::Replace, left, right, Parallelism::Sequential)?;
        for (k, i) in rows.enumerate() {
            for (run, start) in out.row_mut(k).chunks_mut(RUN).zip(columns.clone().step_by(RUN)) {
                self.transform(i, start..start + run.len(), run);
            }
        }
        Ok(())
    }

    fn transform(&mut self, i: usize, columns: Range<usize>, products: &mut [T]) {
        match self.form {
            Form::SquaredProduct(variance) => {
                for x in products {
                    let product = x.to_f64();
                    *x = T::from_f64(variance * product * product);
                }
            }
            Form::Covariance(network) | Form::Tangent(network) => match network.activation() {
                Activation::Relu => self.recurse(PiecewiseLinear::new(0.0), network, i, columns, products),
                Activation::LeakyRelu { slope } => {
                    self.recurse(PiecewiseLinear::new(slope), network, i, columns, products);
                }
                Activation::Erf => self.recurse(Erf, network, i, columns, products),
                Activation::Gelu => self.recurse(Gelu, network, i, columns, products),
                Activation::Quadratic => self.recurse(Quadratic, network, i, columns, products),
            },
        }
    }

    fn recurse(
        &mut self,
        dual: impl Dual,
        network: &Network,
        i: usize,
        columns: Range<usize>,
        values: &mut [T],
    ) {
        let (left, right) = ((&self.left.sites, i), (&self.right.sites, columns));
        let dim = self.left.rows.ncols();
        let run = Run { dual, network, dim, left, right, values, scratch: &mut self.scratch };
        if let Form::Covariance(_) = self.form {
            run.covariances();
        } else {
            run.tangents();
        }
    }
}
