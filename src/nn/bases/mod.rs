//! Pretrained bases: networks without their classifier, which turn pictures into features.
//!
//! A [`plan::Plan`] says of which blocks a base is made, a [`base::Base`] is one with weights, and
//! [`stored::Stored`] is what a file of weights holds.

pub mod base;
pub mod block;
pub mod conv;
pub mod conv_plan;
mod mobilenet;
pub mod plan;
pub mod preprocess;
mod resnet;
mod squeezenet;
pub mod stored;
mod vgg16;

use serde::{Deserialize, Serialize};

/// The bases there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseKind {
    /// Simonyan and Zisserman, 2014; the book's. As in Keras Applications.
    Vgg16,
    /// MobileNet v1 (Howard and others, 2017), as in Keras Applications.
    Mobilenet,
    /// SqueezeNet v1.1 (Iandola and others, 2016), as its authors' Caffe model.
    Squeezenet,
    /// ResNets (He and others, 2015), as in torchvision.
    Resnet18,
    Resnet34,
    Resnet50,
}

impl BaseKind {
    pub const ALL: [Self; 6] = [
        Self::Vgg16,
        Self::Mobilenet,
        Self::Squeezenet,
        Self::Resnet18,
        Self::Resnet34,
        Self::Resnet50,
    ];

    /// The name by which `--model` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vgg16 => "vgg16",
            Self::Mobilenet => "mobilenet",
            Self::Squeezenet => "squeezenet",
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
        }
    }
}
