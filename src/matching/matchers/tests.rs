//! Every matcher against its definition, written down the long way over all pairs.

use std::collections::BTreeMap;

use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use super::blend::{Blend, BlendRule, Blended};
use super::{
    Known, LabelledPool, MATCHERS, MatchGround, MatcherError, MatcherRecipe, Setting, matcher_spec,
    shares_of_group_sizes,
};
use crate::encode::{CsrMatrix, DenseMatrix, EmbeddingRows, Embeddings};
use crate::fuse::{FusionParams, fusion_spec};
use crate::index::{Hit, Metric, Neighbors};
use crate::matching::{row_matches, tune};
use crate::metrics::row_scores;

const WIDTH: usize = 6;

/// Unit rows from small whole numbers, as vectors.
fn vectors(numbers: &[i8]) -> Vec<Vec<f64>> {
    let rows = numbers.chunks(WIDTH).map(|row| {
        let mut row: Vec<f64> = row.iter().map(|number| f64::from(number.rem_euclid(4))).collect();
        if row.iter().all(|value| *value == 0.0) {
            row[0] = 1.0;
        }
        unit(row)
    });
    rows.collect()
}

fn unit(row: Vec<f64>) -> Vec<f64> {
    let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
    row.into_iter().map(|value| if length > 0.0 { value / length } else { value }).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn dense(rows: &[Vec<f64>], present: Vec<bool>) -> Embeddings {
    let values = rows.iter().flatten().map(|value| *value as f32).collect();
    Embeddings { rows: EmbeddingRows::Dense(DenseMatrix { width: WIDTH, values }), present }
}

fn sparse(rows: &[Vec<f64>]) -> Embeddings {
    let mut matrix = CsrMatrix::new(WIDTH);
    for row in rows {
        let entries: Vec<(u32, f32)> =
            (0..).zip(row).filter(|(_, v)| **v != 0.0).map(|(column, v)| (column, *v as f32)).collect();
        let (columns, values): (Vec<u32>, Vec<f32>) = entries.into_iter().unzip();
        matrix.push_row(&columns, &values);
    }
    Embeddings::from_sparse(matrix)
}

fn ground<'a>(
    first: Option<&'a Embeddings>,
    second: Option<&'a Embeddings>,
    ranks: &'a [u32],
) -> MatchGround<'a> {
    let fusion = fusion_spec("mean").unwrap();
    MatchGround::of_rows([first, second], Metric::Cosine, fusion, FusionParams::default(), ranks, ranks.len())
}

fn setting(id: &str, values: &[(&str, f64)]) -> Setting {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let recipe = MatcherRecipe { id: id.to_owned(), values, ..MatcherRecipe::default() };
    recipe.setting(recipe.check().unwrap())
}

fn apply(id: &str, ground: &MatchGround<'_>, values: &[(&str, f64)]) -> Neighbors {
    (matcher_spec(id).unwrap().apply)(ground, &setting(id, values)).unwrap()
}

/// The score a list gives to a row; what is not listed counts as `otherwise`.
fn score(lists: &Neighbors, row: usize, other: usize, otherwise: f64) -> f64 {
    let (rows, scores) = lists.list(row);
    rows.iter()
        .position(|listed| *listed as usize == other)
        .map_or(otherwise, |place| f64::from(scores[place]))
}

/// Blended rows by definition: neighbours of the similarities `of` at least `threshold`, weighed by their power `alpha`,
/// the best `n_most` with the row itself. Near ties of the cut are avoided by the caller.
fn naive_blend(
    rows: &[Vec<f64>],
    of: &[Vec<f64>],
    threshold: f64,
    alpha: f64,
    n_most: usize,
) -> Vec<Vec<f64>> {
    let blend = |row: usize| {
        let mut others: Vec<usize> =
            (0..rows.len()).filter(|&o| o != row && of[row][o] >= threshold && of[row][o] > 0.0).collect();
        others.sort_by(|a, b| of[row][*b].total_cmp(&of[row][*a]).then(a.cmp(b)));
        let mut sum = rows[row].clone();
        for &other in others.iter().take(n_most - 1) {
            let weight = of[row][other].powf(alpha);
            sum.iter_mut().zip(&rows[other]).for_each(|(sum, value)| *sum += weight * value);
        }
        unit(sum)
    };
    (0..rows.len()).map(blend).collect()
}

fn similarities(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter().map(|a| b.iter().map(|b| dot(a, b)).collect()).collect()
}

/// Whether some similarity is so near a threshold that rounding may decide.
fn is_near(of: &[Vec<f64>], threshold: f64) -> bool {
    of.iter().flatten().any(|similarity| (similarity - threshold).abs() < 1e-5)
}

/// Whether two different similarities of a row are so near that rounding may decide which is better.
fn is_crowded(of: &[Vec<f64>]) -> bool {
    of.iter().any(|row| {
        let mut row = row.clone();
        row.sort_by(f64::total_cmp);
        row.windows(2).any(|pair| (pair[1] - pair[0]).abs() < 1e-5)
    })
}

fn ranks(n_rows: usize) -> Vec<u32> {
    (0..n_rows as u32).collect()
}

proptest! {
    #[test]
    fn blending_is_its_definition_on_every_storage(numbers in prop::collection::vec(0_i8..4, 8 * WIDTH)) {
        let rows = vectors(&numbers);
        let ranks = ranks(rows.len());
        let (first, second) = (0.61, 0.83);
        let of = similarities(&rows, &rows);
        let once = naive_blend(&rows, &of, first, 1.0, 50);
        let of_once = similarities(&once, &once);
        let twice = naive_blend(&once, &of_once, second, 1.0, 50);
        let of_twice = similarities(&twice, &twice);
        if is_near(&of, first) || is_near(&of_once, second) {
            return Ok(());
        }
        let embeddings = [dense(&rows, vec![true; rows.len()]), sparse(&rows)];
        for embeddings in &embeddings {
            let ground = ground(None, Some(embeddings), &ranks);
            let lists = MatchGround::of_lists(&ground.neighbors, &ranks, ranks.len());
            // Rows and lists that hold every pair are the same thing.
            for ground in [&ground, &lists] {
                let stages = [("stages", 2.0), ("threshold1", first), ("threshold2", second)];
                let found = apply("inb", ground, &stages);
                for (row, of_row) in of_twice.iter().enumerate() {
                    prop_assert_eq!(found.list(row).0[0] as usize, row);
                    prop_assert!(found.list(row).1.is_sorted_by(|a, b| a >= b));
                    for other in (0..rows.len()).filter(|other| *other != row) {
                        let expected = of_row[other];
                        prop_assert!((score(&found, row, other, 0.0) - expected).abs() < 1e-4, "{row} {other}");
                    }
                }
            }
        }
    }

    #[test]
    fn query_expansion_is_its_definition(
        numbers in prop::collection::vec(0_i8..4, 8 * WIDTH),
        n_most in 1_usize..5,
        alpha in 0_u8..4,
    ) {
        let rows = vectors(&numbers);
        let ranks = ranks(rows.len());
        let of = similarities(&rows, &rows);
        if is_crowded(&of) {
            return Ok(());
        }
        let alpha = f64::from(alpha);
        let queries = naive_blend(&rows, &of, -2.0, alpha, n_most);
        for embeddings in [dense(&rows, vec![true; rows.len()]), sparse(&rows)] {
            let ground = ground(Some(&embeddings), None, &ranks);
            let lists = MatchGround::of_lists(&ground.neighbors, &ranks, ranks.len());
            for (both, expected) in [(0.0, similarities(&queries, &rows)), (1.0, similarities(&queries, &queries))] {
                for ground in [&ground, &lists] {
                    let values = [("n", n_most as f64), ("both", both), ("image_alpha", alpha)];
                    let found = apply("alpha-query-expansion", ground, &values);
                    let plain = apply("query-expansion", ground, &[("n", n_most as f64), ("both", both)]);
                    for (row, of_row) in expected.iter().enumerate() {
                        for other in (0..rows.len()).filter(|other| *other != row) {
                            let error = score(&found, row, other, 0.0) - of_row[other];
                            prop_assert!(error.abs() < 1e-4, "{row} {other} {both} {error}");
                        }
                    }
                    if alpha == 0.0 {
                        prop_assert_eq!(found, plain);
                    }
                }
            }
        }
    }

    #[test]
    fn united_thresholds_are_the_union_of_three_answers(
        numbers in prop::collection::vec(0_i8..4, 16 * WIDTH),
        absent in prop::collection::vec(prop::bool::weighted(0.2), 8),
    ) {
        let all = vectors(&numbers);
        let (images, texts) = all.split_at(8);
        let ranks = ranks(8);
        let has_image: Vec<bool> = absent.iter().map(|absent| !absent).collect();
        let (image, text) = (dense(images, has_image.clone()), sparse(texts));
        let (of_image, of_text) = (similarities(images, images), similarities(texts, texts));
        let (by_image, by_text, by_both) = (0.911, 0.857, 0.753);
        if is_near(&of_image, by_image) || is_near(&of_text, by_text) {
            return Ok(());
        }
        let ground = ground(Some(&image), Some(&text), &ranks);
        let values = [("image_threshold", by_image), ("text_threshold", by_text), ("fused_threshold", by_both)];
        let found = apply("united-thresholds", &ground, &values);
        for row in 0..8 {
            for other in (0..8).filter(|other| *other != row) {
                let both_have = has_image[row] && has_image[other];
                let fused = if both_have { (of_image[row][other] + of_text[row][other]) / 2.0 } else { of_text[row][other] };
                if (fused - by_both).abs() < 1e-5 {
                    continue;
                }
                let expected = (both_have && of_image[row][other] >= by_image)
                    || of_text[row][other] >= by_text
                    || fused >= by_both;
                prop_assert_eq!(score(&found, row, other, 0.0) >= 0.5, expected, "{} {}", row, other);
            }
        }
    }

    #[test]
    fn the_weight_is_the_share_of_the_first_side(
        numbers in prop::collection::vec(0_i8..4, 16 * WIDTH),
        weight in 0_u8..=4,
    ) {
        let all = vectors(&numbers);
        let (images, texts) = all.split_at(8);
        let ranks = ranks(8);
        let (image, text) = (dense(images, vec![true; 8]), dense(texts, vec![true; 8]));
        let ground = ground(Some(&image), Some(&text), &ranks);
        let weight = f64::from(weight) / 4.0;
        let found = apply("modality-weights", &ground, &[("weight", weight)]);
        for row in 0..8 {
            for other in (0..8).filter(|other| *other != row) {
                let expected = weight * dot(&images[row], &images[other]) + (1.0 - weight) * dot(&texts[row], &texts[other]);
                prop_assert!((score(&found, row, other, 0.0) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn sizes_of_answers_become_those_of_groups(scores in prop::collection::vec(1_u16..999, 20 * 4), share in 1_usize..20) {
        // Twenty rows with four neighbours each; a share of them has a group of two, nobody one of three.
        let lists = scores.chunks(4).enumerate().map(|(row, scores)| {
            let mut scores = scores.to_vec();
            scores.sort_unstable_by(|a, b| b.cmp(a));
            let others = (0..).zip(scores).map(|(place, score)| Hit {
                row: ((row + 1 + place) % 20) as u32,
                score: f32::from(score) / 1000.0 + row as f32 * 1e-5,
            });
            [Hit { row: row as u32, score: 1.0 }].into_iter().chain(others).collect()
        });
        let neighbors = Neighbors::from_lists(lists.collect());
        let ranks = ranks(20);
        let ground = MatchGround::of_lists(&neighbors, &ranks, 50);
        let shares = vec![share as f64 / 20.0, 0.0];
        let prior = Setting { group_shares: shares, ..setting("group-size-prior", &[("strength", 1.0)]) };
        let found = (matcher_spec("group-size-prior").unwrap().apply)(&ground, &prior).unwrap();
        // The bar of the second place is unmoved: its share of rows is at or above it.
        let mut seconds: Vec<f32> = (0..20).map(|row| neighbors.list(row).1[1]).collect();
        seconds.sort_unstable_by(|a, b| b.total_cmp(a));
        let bar = seconds[share - 1];
        let n_matched = (0..20).filter(|row| found.list(*row).1[1] >= bar - 1e-6).count();
        prop_assert!((n_matched as isize - share as isize).abs() <= seconds.iter().filter(|s| **s == bar).count() as isize);
        for row in 0..20 {
            prop_assert_eq!(found.list(row).0, neighbors.list(row).0);
            prop_assert!(found.list(row).1.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn fitting_is_never_worse_than_what_it_started_from(
        numbers in prop::collection::vec(0_i8..4, 20 * WIDTH),
        groups in prop::collection::vec(prop::option::weighted(0.9, 0_u32..4), 10),
    ) {
        let all = vectors(&numbers);
        let (images, texts) = all.split_at(10);
        let ranks = ranks(10);
        let (image, text) = (dense(images, vec![true; 10]), sparse(texts));
        let ground = ground(Some(&image), Some(&text), &ranks);
        let shares = shares_of_group_sizes(&groups);
        if groups.iter().all(Option::is_none) {
            return Ok(());
        }
        let pool = LabelledPool { ground: ground.clone(), groups: groups.clone() };
        let known = Known { group_shares: shares, pools: vec![pool] };
        let plain = tune(&ground.neighbors, &groups, 1, 50).unwrap();
        for spec in MATCHERS.iter().filter(|spec| spec.id != "inb") {
            let recipe = MatcherRecipe { id: spec.id.to_owned(), ..MatcherRecipe::default() };
            let (fitted, tuned) = match recipe.fit(&ground, &groups, &known, 50) {
                // Groups that hold no pair, or no two of which are known apart, teach nothing.
                Err(MatcherError::NothingToLearn { id: "pair-network" }) => continue,
                fitted => fitted.unwrap().unwrap(),
            };
            let lists = fitted.apply(&ground).unwrap();
            let matches = row_matches(&lists, &fitted.options(50));
            let labelled: Vec<u32> = (0..10).filter(|row| groups[*row as usize].is_some()).collect();
            // What was promised is what is kept.
            let of_all = row_scores((0..10).map(|row| matches.list(row).0), &groups).mean_f1 * 10.0;
            let of_unlabelled: f64 = (0..10)
                .filter(|row| groups[*row].is_none())
                .map(|row| 2.0 / (matches.list(row).0.len() + 1) as f64)
                .sum();
            let kept = (of_all - of_unlabelled) / labelled.len() as f64;
            prop_assert!((kept - tuned.scores.mean_f1).abs() < 1e-9, "{}: {kept} {tuned:?}", spec.id);
            let has_default_inside = matches!(spec.id, "threshold" | "query-expansion" | "modality-weights");
            if has_default_inside {
                prop_assert!(tuned.scores.mean_f1 >= plain.scores.mean_f1 - 1e-9, "{}", spec.id);
            }
        }
    }
}

#[test]
fn the_network_learns_that_neighbours_must_be_mutual() {
    // Groups of two that are each other's best; every pair has a hanger-on whose best is in the pair, as near as the pair is.
    let lists = |n_pairs: u32| {
        let list = |row: u32| {
            let first = row / 3 * 3;
            let score = 0.6 + 0.3 * ((row / 3) as f32 * 0.618).fract();
            let others = match row % 3 {
                0 => vec![(first + 1, score), (first + 2, score * 0.999)],
                1 => vec![(first, score)],
                _ => vec![(first, score * 0.999)],
            };
            let own = std::iter::once((row, 1.0));
            own.chain(others).map(|(row, score)| Hit { row, score }).collect()
        };
        Neighbors::from_lists((0..3 * n_pairs).map(list).collect())
    };
    let groups = |n_pairs: u32| {
        (0..3 * n_pairs).map(|row| Some(if row % 3 == 2 { 1000 + row } else { row / 3 })).collect()
    };
    let (school, test) = (lists(60), lists(30));
    let ranks = ranks(180);
    let pool = LabelledPool { ground: MatchGround::of_lists(&school, &ranks, 50), groups: groups(60) };
    let known = Known { group_shares: Vec::new(), pools: vec![pool] };
    let ground = MatchGround::of_lists(&test, &ranks[..90], 50);
    let groups: Vec<Option<u32>> = groups(30);
    let recipe = MatcherRecipe { id: "pair-network".to_owned(), ..MatcherRecipe::default() };
    let recipe = MatcherRecipe { values: [("rounds".to_owned(), 200.0)].into(), ..recipe };
    let (_, tuned) = recipe.fit(&ground, &groups, &known, 50).unwrap().unwrap();
    let plain = tune(&test, &groups, 1, 50).unwrap();
    assert!(tuned.scores.mean_f1 > plain.scores.mean_f1 + 0.1, "{:?} {:?}", tuned.scores, plain.scores);
}

#[test]
fn an_absent_row_stays_absent_and_is_blended_into_none() {
    let rows = vectors(&[1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
    let ranks = ranks(3);
    let embeddings = dense(&rows, vec![true, false, true]);
    let ground = ground(Some(&embeddings), None, &ranks);
    let found = apply("inb", &ground, &[("threshold1", 0.5)]);
    assert!(found.list(1).0.is_empty());
    assert_eq!(found.list(0).0, [0, 2]);
    let rule = BlendRule { n_most: 50, threshold: 0.5, alpha: 1.0 };
    let lists = Blend::new(&ground.neighbors, rule).lists(&ground, Blended::Both);
    assert!(lists.list(1).0.is_empty());
}

#[test]
fn equal_scores_stand_in_order_of_keys() {
    let rows = vectors(&[1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    let embeddings = sparse(&rows);
    for (ranks, expected) in [([0, 1, 2], [1, 2]), ([0, 2, 1], [2, 1])] {
        let lists = Neighbors::from_lists(
            (0..3)
                .map(|row| (0..3).map(|other| Hit { row: (row + other) % 3, score: 1.0 }).collect())
                .collect(),
        );
        let of_lists = MatchGround::of_lists(&lists, &ranks, 3);
        let found = apply("inb", &of_lists, &[("threshold1", 0.5)]);
        assert_eq!(found.list(0).0[1..], expected);
        let of_rows = ground(None, Some(&embeddings), &ranks);
        let found = apply("united-thresholds", &of_rows, &[("fused_threshold", 0.5)]);
        assert_eq!(found.list(0).0[0], 0);
    }
}

#[test]
fn every_line_of_the_table_is_whole() {
    for spec in MATCHERS {
        assert!(!spec.label.is_empty() && !spec.summary.is_empty() && !spec.source.is_empty(), "{}", spec.id);
        assert_eq!(MATCHERS.iter().filter(|other| other.id == spec.id).count(), 1);
        assert!(spec.parameter("min_matches").is_some(), "{}", spec.id);
        for parameter in spec.parameters {
            let (low, high) = parameter.range;
            let values = parameter.choices.iter().chain(&parameter.default);
            assert!(
                values.into_iter().all(|value| (low..=high).contains(value)),
                "{} {}",
                spec.id,
                parameter.name
            );
            // What has no default is read with its absence in mind.
            assert!(parameter.default.is_some() || parameter.name == "weight", "{}", parameter.name);
            assert!(!parameter.explanation.is_empty());
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let refused = |id: &str, values: &[(&str, f64)]| {
        let values: BTreeMap<String, f64> =
            values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        MatcherRecipe { id: id.to_owned(), values, ..MatcherRecipe::default() }
            .check()
            .unwrap_err()
            .to_string()
    };
    assert!(refused("none", &[]).contains("no matcher `none`"));
    assert!(refused("inb", &[("stage", 1.0)]).contains("threshold1"));
    assert!(refused("inb", &[("stages", 4.0)]).contains("from 0 to 3"));
    assert!(refused("inb", &[("stages", f64::NAN)]).contains("NaN"));
    let lists = Neighbors::from_lists(vec![vec![Hit { row: 0, score: 1.0 }]]);
    let ground = MatchGround::of_lists(&lists, &[0], 50);
    let run = |id: &str| (matcher_spec(id).unwrap().apply)(&ground, &setting(id, &[])).unwrap_err();
    assert_eq!(run("united-thresholds"), MatcherError::NeedsRows { id: "united-thresholds" });
    assert_eq!(run("pair-network"), MatcherError::NothingToLearn { id: "pair-network" });
    assert_eq!(run("group-size-prior"), MatcherError::NeedsGroups { id: "group-size-prior" });
}

#[test]
fn shares_of_sizes_are_counted_over_rows() {
    let shares = shares_of_group_sizes(&[Some(1), Some(1), Some(1), Some(2), None]);
    assert_eq!(shares, [0.75, 0.75, 0.0]);
    assert_eq!(shares_of_group_sizes(&[Some(1)]), [0.0]);
    assert!(shares_of_group_sizes(&[None]).is_empty());
}

#[test]
fn recipes_and_fits_are_written_and_read() {
    let recipe: MatcherRecipe = ron::from_str("(id: \"inb\", values: {\"stages\": 2})").unwrap();
    assert_eq!(recipe.values["stages"], 2.0);
    let fitted = recipe.unfitted(0.5, vec![0.5]).unwrap();
    assert_eq!(fitted.values["threshold1"], 0.6);
    assert_eq!(ron::from_str::<super::FittedMatcher>(&ron::to_string(&fitted).unwrap()).unwrap(), fitted);
    assert!(ron::from_str::<MatcherRecipe>("(idd: \"inb\")").is_err());
}
