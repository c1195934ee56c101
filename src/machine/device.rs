//! Devices: choosing one, uploading tensors to it, and tuning the host's allocator.

use crate::error::{ensure_or, fault};
use crate::native::backend::pinned;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use tch::{Cuda, Device, Tensor};

/// The `device` setting: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
pub enum DeviceChoice {
    /// The first CUDA device if there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this index, from 0.
    Cuda(usize),
    /// Apple's Metal Performance Shaders.
    Mps,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "mps" => Ok(Self::Mps),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("expected auto, cpu, cuda, cuda:N or mps, found {text}")),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        match choice {
            DeviceChoice::Auto => "auto".to_owned(),
            DeviceChoice::Cpu => "cpu".to_owned(),
            DeviceChoice::Cuda(index) => format!("cuda:{index}"),
            DeviceChoice::Mps => "mps".to_owned(),
        }
    }
}

impl DeviceChoice {
    /// The device to use.
    ///
    /// # Errors
    /// If the requested device is missing; there is no silent fallback to another one.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if Cuda::is_available() => Ok(Device::Cuda(0)),
            Self::Auto => Ok(Device::Cpu),
            Self::Cuda(index) => {
                if let Some(reason) = why_no_cuda() {
                    fault!(
                        Setting,
                        "expected a CUDA device for `device` cuda, found none: {reason}"
                    );
                }
                let count = Cuda::device_count();
                ensure_or!(
                    Setting,
                    (index as i64) < count,
                    "expected `device` cuda:0 to cuda:{}, found cuda:{index}",
                    count - 1
                );
                Ok(Device::Cuda(index))
            }
            Self::Mps => {
                ensure_or!(
                    Setting,
                    tch::utils::has_mps(),
                    "expected Apple's Metal for `device` mps, found none; try `device` cpu"
                );
                Ok(Device::Mps)
            }
        }
    }
}

/// Why there is no CUDA device, and what to try; `None` if there is one.
pub fn why_no_cuda() -> Option<&'static str> {
    if Cuda::is_available() && Cuda::device_count() > 0 {
        None
    } else if cfg!(libtorch_has_cuda) {
        Some(
            "libtorch supports CUDA but finds no GPU; try nvidia-smi to check the driver (CUDA 13 needs 580 or newer) and CUDA_VISIBLE_DEVICES, or `device` cpu",
        )
    } else {
        Some(
            "petite was built with a CPU-only libtorch; try scripts/fetch_libtorch.sh --device cuda and cargo build, or `device` cpu",
        )
    }
}

/// A description of the device, such as `cpu (2 threads)` or `cuda:0`.
pub fn describe(device: Device) -> String {
    match device {
        Device::Cpu => match tch::get_num_threads() {
            1 => "cpu (1 thread)".to_owned(),
            threads => format!("cpu ({threads} threads)"),
        },
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
        Device::Vulkan => "vulkan".to_owned(),
    }
}

/// Copies a tensor from the CPU to `device`. To CUDA, the copy is asynchronous, from pinned memory;
/// work launched later on the same thread sees the result.
///
/// # Errors
/// If the device is out of memory.
pub fn upload(tensor: &Tensor, device: Device) -> Result<Tensor> {
    Ok(if device.is_cuda() {
        pinned(tensor)?.f_to_device_(device, tensor.f_kind()?, true, false)?
    } else {
        tensor.f_to_device(device)?
    })
}

/// Size of the heap region for which [`keep_freed_memory`] requests huge pages, in bytes: more than
/// a training step needs. Unused parts occupy no memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HUGE: usize = 1 << 30;

/// Makes glibc keep freed memory in the process, in huge pages where the system allows it. By
/// default glibc returns large blocks to the system on every free and faults them in again at the
/// next step; and a step's tensors, tens of megabytes each, span thousands of small pages. No
/// effect without glibc. Must be called before any other thread starts.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets parameters of malloc, and madvise only how a range of the heap is
    // paged. The block is freed once and never accessed. No other thread has started.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        // Allocating and freeing the block grows the heap, from which later blocks are allocated.
        let block = libc::malloc(HUGE);
        if !block.is_null() {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let start = (block as usize).next_multiple_of(page);
            let length = (HUGE - page) / page * page;
            // Without huge pages this fails, which is harmless.
            let _ = libc::madvise(start as *mut _, length, libc::MADV_HUGEPAGE);
            libc::free(block);
        }
    }
}
