//! The folders of public data sets, from memory of their listings, and what petite takes them for.

use petite::dataset::data_set::DataSet;
use petite::dataset::layout::Layout;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Name, paths (with alternatives in braces; pictures by their extension), and what `DataSet::read` says.
const TABLE: &[(&str, &[&str], &str)] = &[
    (
        "Intel image classification (Kaggle)",
        &[
            "seg_train/seg_train/{buildings,forest,sea}/{1,2}.jpg",
            "seg_test/seg_test/{buildings,forest,sea}/3.jpg",
            "seg_pred/seg_pred/{4,5}.jpg",
        ],
        "train 6 test 3 of buildings, forest, sea; passed over 1 beside the data set's folders (seg_pred)",
    ),
    (
        "Intel image classification without its test pictures",
        &["seg_train/seg_train/{buildings,forest,sea}/{1,2}.jpg", "seg_pred/seg_pred/{4,5}.jpg"],
        "refused: expected class folders in DATA, found seg_pred, seg_train, named like the parts of a data set; try naming its parts train, validation and test, `data` DATA/seg_train for one of them, or other names if they are classes",
    ),
    (
        "Chest X-ray (Kaggle), its nested copy and what macOS adds",
        &[
            "chest_xray/{train,val,test}/{NORMAL,PNEUMONIA}/{1,2}.jpeg",
            "chest_xray/chest_xray/{train,val,test}/{NORMAL,PNEUMONIA}/{1,2}.jpeg",
            "chest_xray/__MACOSX/chest_xray/._train",
            "chest_xray/chest_xray/.DS_Store",
        ],
        "train 4 validation 4 test 4 of NORMAL, PNEUMONIA; passed over 1 hidden (__MACOSX), 1 beside the data set's folders (chest_xray)",
    ),
    (
        "Cats and dogs, filtered (TensorFlow)",
        &[
            "cats_and_dogs_filtered/{train,validation}/{cats,dogs}/{1,2}.jpg",
            "cats_and_dogs_filtered/vectorize.py",
        ],
        "train 4 validation 4 of cats, dogs; passed over 1 beside the data set's folders (vectorize.py)",
    ),
    (
        "Dogs vs. Cats (Kaggle)",
        &["train/{cat,dog}.{0,1}.jpg", "test1/{1,2}.jpg", "sampleSubmission.csv"],
        "refused: expected class folders in DATA/train, found 4 pictures without labels; try one folder per class, `labels` with a CSV, or petite prepare for names like Kaggle's (cat.0.jpg)",
    ),
    (
        "Cats and dogs (Microsoft)",
        &["PetImages/{Cat,Dog}/{0,1}.jpg", "PetImages/{Cat,Dog}/Thumbs.db", "readme[1].txt"],
        "all 4 of Cat, Dog; passed over 2 files that are not pictures (2 .db), 1 beside the data set's folders (readme[1].txt)",
    ),
    (
        "PlantVillage (Kaggle), with a copy of itself",
        &[
            "PlantVillage/{Potato___healthy,Tomato_healthy,Tomato_Leaf_Mold}/{1,2}.JPG",
            "PlantVillage/PlantVillage/{Potato___healthy,Tomato_healthy,Tomato_Leaf_Mold}/{1,2}.JPG",
        ],
        "all 6 of Potato___healthy, Tomato_Leaf_Mold, Tomato_healthy; passed over 1 folder that repeats the class folders beside it (PlantVillage)",
    ),
    (
        "PlantVillage in colors, gray and segmented",
        &["{color,grayscale,segmented}/{Apple___scab,Apple___healthy}/{1,2}.jpg"],
        "refused: expected one folder per class in DATA, found the same folders in color, grayscale, segmented: Apple___healthy, Apple___scab; try `data` DATA/color if these are the classes, or `labels` with a CSV",
    ),
    (
        "New Plant Diseases (Kaggle)",
        &[
            "New Plant Diseases Dataset(Augmented)/New Plant Diseases Dataset(Augmented)/{train,valid}/{Apple___scab,Apple___healthy}/1.JPG",
            "test/test/{AppleScab1,AppleScab2}.JPG",
        ],
        "refused: expected a folder train beside DATA/test, found none; try naming that of the training pictures train, or `data` with the folder that has it",
    ),
    (
        "Fruits-360",
        &[
            "fruits-360/{Training,Test}/{Apple Braeburn,Banana}/{0_100,1_100}.jpg",
            "fruits-360/{test-multiple_images,papers}/apple.jpg",
            "fruits-360/{LICENSE,readme.md}",
        ],
        "train 4 test 4 of Apple Braeburn, Banana; passed over 4 beside the data set's folders (papers, test-multiple_images, LICENSE, …)",
    ),
    (
        "ASL alphabet (Kaggle)",
        &[
            "asl_alphabet_train/asl_alphabet_train/{A,B,nothing,space}/{1,2}.jpg",
            "asl_alphabet_test/asl_alphabet_test/{A_test,B_test}.jpg",
        ],
        "train 8 of A, B, nothing, space; passed over 1 test folder without folders of the training classes (asl_alphabet_test)",
    ),
    (
        "Brain tumors (Kaggle)",
        &["{Training,Testing}/{glioma_tumor,no_tumor}/{1,2}.jpg"],
        "train 4 test 4 of glioma_tumor, no_tumor",
    ),
    (
        "Flowers recognition (Kaggle)",
        &[
            "flowers/{daisy,rose,tulip}/{1,2}.jpg",
            "flowers/flowers/{daisy,rose,tulip}/{1,2}.jpg",
            "flowers/{daisy,rose}/flickr.py",
        ],
        "all 6 of daisy, rose, tulip; passed over 2 files that are not pictures (2 .py), 1 folder that repeats the class folders beside it (flowers)",
    ),
    (
        "Flower photos (TensorFlow)",
        &["flower_photos/{daisy,roses,tulips}/{1,2}.jpg", "flower_photos/LICENSE.txt"],
        "all 6 of daisy, roses, tulips; passed over 1 file outside the class folders (LICENSE.txt)",
    ),
    (
        "Stanford Dogs",
        &[
            "images/Images/{n02085620-Chihuahua,n02085782-Japanese_spaniel}/{1,2}.jpg",
            "annotations/Annotation/{n02085620-Chihuahua,n02085782-Japanese_spaniel}/{1,2}",
        ],
        "all 4 of n02085620-Chihuahua, n02085782-Japanese_spaniel; passed over 1 beside the data set's folders (annotations)",
    ),
    (
        "German traffic signs (Kaggle)",
        &["Train/{0,1,2}/{1,2}.png", "Test/{1,2}.png", "Meta/{0,1,2}.png", "{Train,Test,Meta}.csv"],
        "train 6 of 0, 1, 2; passed over 1 test folder without folders of the training classes (Test), 4 beside the data set's folders (3 .csv, Meta)",
    ),
    (
        "Roboflow, folders",
        &["{train,valid,test}/{ripe,unripe}/{1,2}.jpg", "{README.roboflow.txt,README.dataset.txt}"],
        "train 4 validation 4 test 4 of ripe, unripe; passed over 2 beside the data set's folders (2 .txt)",
    ),
    (
        "Roboflow, YOLO",
        &[
            "{train,valid,test}/images/{1,2}.jpg",
            "{train,valid,test}/labels/{1,2}.txt",
            "{data.yaml,README.roboflow.txt}",
        ],
        "refused: expected one folder per class in DATA/train, found pictures and annotations in images, labels; try `labels` with a CSV of a class for each picture",
    ),
    (
        "YOLO, parts inside images and labels",
        &["images/{train,val}/{1,2}.jpg", "labels/{train,val}/{1,2}.txt", "data.yaml"],
        "refused: expected class folders in DATA/images/train, found 2 pictures without labels; try one folder per class, `labels` with a CSV, or petite prepare for names like Kaggle's (cat.0.jpg)",
    ),
    (
        "Hymenoptera (PyTorch)",
        &["hymenoptera_data/{train,val}/{ants,bees}/{1,2}.jpg"],
        "train 4 validation 4 of ants, bees",
    ),
    (
        "Imagenette (fast.ai)",
        &[
            "imagenette2-160/{train,val}/{n01440764,n02102040}/{1,2}.JPEG",
            "imagenette2-160/noisy_imagenette.csv",
        ],
        "train 4 validation 4 of n01440764, n02102040; passed over 1 beside the data set's folders (noisy_imagenette.csv)",
    ),
    (
        "Tiny ImageNet",
        &[
            "tiny-imagenet-200/train/{n01443537,n01629819}/images/{1,2}.JPEG",
            "tiny-imagenet-200/train/{n01443537,n01629819}/boxes.txt",
            "tiny-imagenet-200/{val,test}/images/{1,2}.JPEG",
            "tiny-imagenet-200/val/val_annotations.txt",
            "tiny-imagenet-200/{wnids,words}.txt",
        ],
        "refused: expected the classes of the training pictures, n01443537, n01629819, in the validation pictures of DATA/tiny-imagenet-200/val, found images",
    ),
    (
        "Caltech 101",
        &[
            "101_ObjectCategories/{BACKGROUND_Google,accordion,airplanes}/{1,2}.jpg",
            "Annotations/{accordion,Airplanes_Side_2}/{1,2}.mat",
        ],
        "all 6 of BACKGROUND_Google, accordion, airplanes; passed over 1 beside the data set's folders (Annotations)",
    ),
    (
        "EuroSAT",
        &["2750/{AnnualCrop,Forest,River}/{1,2}.jpg"],
        "all 6 of AnnualCrop, Forest, River",
    ),
    (
        "HAM10000 (Kaggle)",
        &["HAM10000_images_part_{1,2}/{ISIC_1,ISIC_2}.jpg", "{HAM10000_metadata,hmnist_8_8_L}.csv"],
        "refused: expected one folder per class in DATA, found HAM10000_images_part_1, HAM10000_images_part_2, named like pieces of one set; try `labels` with a CSV, or other names if they are classes",
    ),
    (
        "ChestX-ray14 (NIH)",
        &["images_{001,002,003}/images/{1,2}.png", "Data_Entry_2017.csv"],
        "refused: expected one folder per class in DATA, found images_001, images_002, images_003, named like pieces of one set; try `labels` with a CSV, or other names if they are classes",
    ),
    (
        "Oxford pets",
        &[
            "images/{Abyssinian_1,beagle_1}.jpg",
            "annotations/trimaps/{Abyssinian_1,beagle_1}.png",
            "annotations/list.txt",
        ],
        "refused: expected one folder per class in DATA, found pictures and annotations in annotations, images; try `labels` with a CSV of a class for each picture",
    ),
    (
        "Food-101",
        &[
            "food-101/images/{apple_pie,baklava}/{1,2}.jpg",
            "food-101/meta/{train,test}.txt",
            "food-101/{README,license_agreement}.txt",
        ],
        "all 4 of apple_pie, baklava; passed over 3 beside the data set's folders (2 .txt, meta)",
    ),
    (
        "CIFAR-10 in folders",
        &["cifar10/{train,test}/{airplane,cat,dog}/{1,2}.png"],
        "train 6 test 6 of airplane, cat, dog",
    ),
    (
        "CIFAR-10 (Kaggle)",
        &["{train,test}/{1,2}.png", "{trainLabels,sampleSubmission}.csv"],
        "refused: expected class folders in DATA/train, found 2 pictures without labels; try one folder per class, `labels` with a CSV, or petite prepare for names like Kaggle's (cat.0.jpg)",
    ),
    (
        "ISIC 2019",
        &[
            "ISIC_2019_Training_Input/ISIC_2019_Training_Input/{ISIC_1,ISIC_2}.jpg",
            "ISIC_2019_Training_GroundTruth.csv",
        ],
        "refused: expected pictures of at least two classes in DATA/ISIC_2019_Training_Input, found only ISIC_2019_Training_Input; try one folder per class, such as cats and dogs, or `labels` with a CSV",
    ),
    (
        "ISIC skin cancer (Kaggle)",
        &["Skin cancer ISIC/{Train,Test}/{melanoma,nevus}/{1,2}.jpg"],
        "train 4 test 4 of melanoma, nevus",
    ),
    (
        "Describable textures",
        &[
            "dtd/images/{banded,dotted}/{1,2}.jpg",
            "dtd/labels/{train1,test1}.txt",
            "dtd/imdb/imdb.mat",
        ],
        "all 4 of banded, dotted; passed over 2 beside the data set's folders (imdb, labels)",
    ),
    (
        "UC Merced land use",
        &[
            "UCMerced_LandUse/Images/{agricultural,airplane}/{1,2}.tif",
            "UCMerced_LandUse/readme.txt",
        ],
        "all 4 of agricultural, airplane; passed over 1 beside the data set's folders (readme.txt)",
    ),
    (
        "Carvana (Kaggle)",
        &["train/{1,2}.jpg", "train_masks/{1,2}.gif"],
        "refused: expected one folder per class in DATA, found pictures and annotations in train, train_masks; try `labels` with a CSV of a class for each picture",
    ),
    (
        "MVTec, all products",
        &["{bottle,cable}/train/good/{1,2}.png", "{bottle,cable}/test/{broken,good}/{1,2}.png"],
        "refused: expected class folders in DATA, found a data set of its own in bottle (test, train); try `data` DATA/bottle, or folders train, validation and test with the class folders in them",
    ),
    (
        "Face masks (Kaggle), whose classes sound like annotations",
        &["data/{with_mask,without_mask}/{1,2}.jpg"],
        "all 4 of with_mask, without_mask",
    ),
    (
        "Vehicles, one of which is a train",
        &["{bus,freight_train,passenger_train}/{1,2}.jpg"],
        "all 6 of bus, freight_train, passenger_train",
    ),
    (
        "Animals of two years",
        &["cats/{2024,2025}/{1,2}.jpg", "dogs/{2024,2025}/{1,2}.jpg", "foxes/{1,2}.jpg"],
        "all 10 of cats, dogs, foxes; warning: expected one folder per class in DATA, found the same folders in cats, dogs: 2024, 2025; try `data` DATA/cats if these are the classes, or `labels` with a CSV",
    ),
];

/// The paths that `pattern` stands for: `{a,b}/1` → `a/1`, `b/1`.
fn expanded(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let (choices, after) = rest.split_once('}').unwrap();
    let after = expanded(after);
    choices
        .split(',')
        .flat_map(|choice| after.iter().map(move |after| format!("{before}{choice}{after}")))
        .collect()
}

/// Writes the tree below `folder`; `picture` is the content of its pictures.
fn draw(folder: &Path, patterns: &[&str], picture: &[u8]) {
    for path in patterns.iter().flat_map(|pattern| expanded(pattern)) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let is_picture =
            ["jpg", "jpeg", "png", "gif", "tif"].iter().any(|known| extension == *known);
        std::fs::write(path, if is_picture { picture } else { b"text" }).unwrap();
    }
}

/// What petite takes the data set for, and what it says.
fn outcome(folder: &Path) -> String {
    let read = DataSet::read(folder, None, false);
    let mut text = String::new();
    match &read {
        Err(error) => text += &format!("refused: {error:#}"),
        Ok(data) => {
            for part in &data.folders {
                write!(text, "{} {} ", part.name, part.samples.len()).unwrap();
            }
            write!(text, "of {}", data.classes.join(", ")).unwrap();
            if !data.passed_over.is_empty() {
                write!(text, "; passed over {}", data.passed_over).unwrap();
            }
            data.odd.iter().for_each(|odd| text += &format!("; warning: {odd}"));
            assert_eq!(data.layout == Layout::ClassFolders, data.folders[0].name == "all");
        }
    }
    text.replace(&folder.display().to_string(), "DATA")
}

#[test]
fn public_data_sets_are_what_they_look_like() {
    let workspace = tempfile::tempdir().unwrap();
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(2, 2).write_to(&mut picture, image::ImageFormat::Png).unwrap();
    let mut wrong = String::new();
    for (index, (name, patterns, expected)) in TABLE.iter().enumerate() {
        let folder: PathBuf = workspace.path().join(index.to_string());
        draw(&folder, patterns, picture.get_ref());
        let found = outcome(&folder);
        if found != *expected {
            write!(wrong, "{name}\n  expected {expected}\n  found    {found}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
