//! The module that the page loads: the engine, linked.
//!
//! It is a crate of its own since optimisation at link time follows the settings of the crate that is linked. The
//! engine is compiled for size, so that little has to be loaded, but for the loops marked `optimize(speed)`; only
//! under a crate compiled for speed do those become vector instructions.

#[cfg(target_arch = "wasm32")]
pub use chunkbook::web::*;
