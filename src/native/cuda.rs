//! CUDA capability, streams and graphs. A graph launches all kernels of a training step at once;
//! for small batches, launching them one by one takes longer than running them.

use super::check;
use anyhow::{Context, Result};
use std::ffi::{c_char, c_int, c_void};
use std::ptr::NonNull;

unsafe extern "C" {
    fn petite_cuda_capability(device: c_int, major: *mut c_int, minor: *mut c_int) -> *mut c_char;
    fn petite_cuda_use_own_stream(device: c_int) -> *mut c_char;
    fn petite_cuda_graph_begin(graph: *mut *mut c_void) -> *mut c_char;
    fn petite_cuda_graph_end(graph: *mut c_void) -> *mut c_char;
    fn petite_cuda_graph_replay(graph: *mut c_void) -> *mut c_char;
    fn petite_cuda_graph_free(graph: *mut c_void);
}

/// A CUDA graph: captured work that can be launched again as a whole. It always uses the same
/// memory, so write its inputs before a launch and read its outputs after it.
#[derive(Debug)]
pub struct Graph(NonNull<c_void>);

impl Graph {
    /// Captures what `work` launches on this thread's stream, without running it. The stream must
    /// be the thread's own, see [`use_own_stream`].
    ///
    /// # Errors
    /// If `work` fails or does something that cannot be captured, such as synchronizing with the
    /// device, or petite was built without CUDA's headers.
    pub fn capture(work: impl FnOnce() -> Result<()>) -> Result<Self> {
        let mut graph = std::ptr::null_mut();
        // SAFETY: on success `graph` is a new graph that we own.
        check(unsafe { petite_cuda_graph_begin(&mut graph) })
            .context("cannot capture a CUDA graph")?;
        let graph = Self(NonNull::new(graph).context("libtorch returned no CUDA graph")?);
        let worked = work();
        // The capture must end even if the work failed, else the stream stays unusable.
        // SAFETY: `graph` is alive and capturing.
        let ended = check(unsafe { petite_cuda_graph_end(graph.0.as_ptr()) });
        worked?;
        ended.context("cannot end the capture of a CUDA graph")?;
        Ok(graph)
    }

    /// Launches the graph on this thread's stream.
    ///
    /// # Errors
    /// If CUDA fails.
    pub fn replay(&self) -> Result<()> {
        // SAFETY: `self.0` is alive and captured.
        check(unsafe { petite_cuda_graph_replay(self.0.as_ptr()) })
            .context("cannot launch a CUDA graph")
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: we own the graph and do not use it afterwards.
        unsafe { petite_cuda_graph_free(self.0.as_ptr()) }
    }
}

/// The compute capability of a CUDA device, such as (9, 0).
///
/// # Errors
/// If the device does not exist, or petite was built without CUDA's headers.
pub fn capability(device: usize) -> Result<(i32, i32)> {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both pointers are valid until the call returns.
    check(unsafe { petite_cuda_capability(c_int::try_from(device)?, &mut major, &mut minor) })
        .with_context(|| format!("cannot query the capability of cuda:{device}"))?;
    Ok((major, minor))
}

/// Gives this thread its own stream on a CUDA device, from which graphs can be captured.
///
/// # Errors
/// If the device does not exist, or petite was built without CUDA's headers.
pub fn use_own_stream(device: usize) -> Result<()> {
    // SAFETY: its only argument is a number, which libtorch checks.
    check(unsafe { petite_cuda_use_own_stream(c_int::try_from(device)?) })
        .with_context(|| format!("cannot create a stream on cuda:{device}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a GPU, with CUDA's headers or without them.
    #[test]
    fn a_device_that_is_not_there_is_an_error() {
        let error = capability(99).unwrap_err();
        assert_eq!(error.to_string(), "cannot query the capability of cuda:99");
        assert!(use_own_stream(99).is_err());
    }
}
