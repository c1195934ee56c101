//! The macro that expands the list of augmentations.

/// Declares the modules of a list of augmentations, two structs with a field for each of them,
/// `AugmentConfig` for their settings and `Draws` for the draws of one picture, and the methods
/// that apply to all of them.
macro_rules! augmentations {
    (
        geometric { $($shape:ident: $Shape:ident,)+ }
        color { $($color:ident: $Color:ident,)+ }
    ) => {
        $(pub mod $shape;)+
        $(pub mod $color;)+

        /// The settings of all augmentations, with the names of `ImageDataGenerator`, as one flat
        /// JSON object. The default changes nothing.
        #[derive(
            Debug, Clone, Copy, PartialEq, Default,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(default)]
        #[schemars(title = "Augmentation")]
        pub struct AugmentConfig {
            $(
                #[doc = concat!("The settings of [`", stringify!($shape), "`].")]
                #[serde(flatten)]
                pub $shape: $shape::$Shape,
            )+
            /// How to fill the area outside the original picture.
            #[serde(flatten)]
            pub fill: fill::Fill,
            $(
                #[doc = concat!("The settings of [`", stringify!($color), "`].")]
                #[serde(flatten)]
                pub $color: $color::$Color,
            )+
        }

        /// The random draws for one picture, of every augmentation, active or not.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct Draws {
            $(
                #[doc = concat!("The draw of [`", stringify!($shape), "`].")]
                pub $shape: <$shape::$Shape as transform::Transform>::Drawn,
            )+
            $(
                #[doc = concat!("The draw of [`", stringify!($color), "`].")]
                pub $color: <$color::$Color as transform::Transform>::Drawn,
            )+
        }

        impl AugmentConfig {
            /// Whether any geometric augmentation is active.
            pub fn is_geometric(&self) -> bool {
                false $(|| transform::Transform::is_active(&self.$shape))+
            }

            /// Whether any color augmentation is active.
            pub fn is_color(&self) -> bool {
                false $(|| transform::Transform::is_active(&self.$color))+
            }

            /// Checks what the schema does not express.
            fn check_each(&self) -> anyhow::Result<()> {
                $(transform::Transform::check(&self.$shape)?;)+
                $(transform::Transform::check(&self.$color)?;)+
                Ok(())
            }

            /// The active settings in words.
            fn names(&self) -> Vec<String> {
                let mut names = Vec::new();
                $(names.extend(transform::Transform::names(&self.$shape));)+
                $(names.extend(transform::Transform::names(&self.$color));)+
                names
            }

            /// The effects of the active augmentations on the picture with these `draws`, in words.
            pub fn captions(&self, draws: &Draws) -> Vec<String> {
                let mut captions = Vec::new();
                $(captions.extend(transform::caption(&self.$shape, &draws.$shape));)+
                $(captions.extend(transform::caption(&self.$color, &draws.$color));)+
                captions
            }

            /// Draws for one picture. Every number is drawn whether it is used or not, so that
            /// enabling one augmentation leaves the draws of the others unchanged.
            pub fn draw(&self, frame: &frame::Frame, dice: &mut transform::Dice) -> Draws {
                Draws {
                    $($shape: transform::Transform::draw(&self.$shape, frame, dice),)+
                    $($color: transform::Transform::draw(&self.$color, frame, dice),)+
                }
            }

            /// Applies the active color augmentations to `images`, `[N, H, W, C]` f32 in 0..=255,
            /// with one of the `N` `draws` per picture.
            fn recolor(
                &self,
                images: tch::Tensor,
                draws: &[Draws],
                conventions: &crate::keras::Conventions,
            ) -> anyhow::Result<tch::Tensor> {
                let mut images = images;
                $(
                    if transform::Transform::is_active(&self.$color) {
                        let drawn: Vec<_> = draws.iter().map(|draws| draws.$color).collect();
                        images = <$color::$Color as transform::Color>::recolor(
                            &images, &drawn, conventions,
                        )?;
                    }
                )+
                Ok(images)
            }
        }

        impl Draws {
            /// The sources of the picture's pixels.
            pub fn placement(&self, frame: &frame::Frame) -> placement::Placement {
                let effects = [
                    $(<$shape::$Shape as transform::Geometric>::effect(
                        &self.$shape, &frame.conventions,
                    ),)+
                ];
                placement::Placement::new(&effects, frame)
            }
        }
    };
}
