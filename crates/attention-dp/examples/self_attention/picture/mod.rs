//! The pictures.

pub(crate) mod feasibility;
pub(crate) mod routes;
