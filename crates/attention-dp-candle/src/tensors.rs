//! Tensors to matrices and back.

use crate::error::Error;
use candle_core::{DType, Tensor};
use dp_linalg::Mat;

/// The last two dimensions as matrices, one for each index of the others, in row-major order.
pub(crate) fn matrices(tensor: &Tensor) -> Result<Vec<Mat>, Error> {
    let dims = tensor.dims();
    let (rows, columns) = (dims[dims.len() - 2], dims[dims.len() - 1]);
    let entries = tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    let count: usize = dims[..dims.len() - 2].iter().product();
    let size = rows * columns;
    let matrix = |i: usize| Ok(Mat::from_vec(rows, columns, entries[i * size..(i + 1) * size].to_vec())?);
    (0..count).map(matrix).collect()
}

/// A tensor of this shape with type and device of another.
pub(crate) fn tensor(entries: Vec<f64>, shape: &[usize], like: &Tensor) -> Result<Tensor, Error> {
    Ok(Tensor::from_vec(entries, shape, like.device())?.to_dtype(like.dtype())?)
}
