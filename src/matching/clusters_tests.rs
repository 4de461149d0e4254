//! Tests of [`super::cluster`]: worked graphs, and random graphs against a naive walk.

use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{ClusterOptions, Clusters, Edge, cluster};
use crate::index::{Hit, Neighbors};

/// Symmetric or one-sided lists from edges; the side that lists the pair is `from`.
fn graph(n_rows: usize, edges: &[(u32, u32, f32)]) -> Neighbors {
    let mut lists: Vec<Vec<Hit>> = (0..n_rows as u32).map(|row| vec![Hit { row, score: 1.0 }]).collect();
    for &(from, to, score) in edges {
        lists[from as usize].push(Hit { row: to, score });
    }
    Neighbors::from_lists(lists)
}

fn members(clusters: &Clusters) -> Vec<Vec<u32>> {
    clusters.clusters.iter().map(|cluster| cluster.members.clone()).collect()
}

fn check(
    edges: &[(u32, u32, f32)],
    max_members: usize,
    together: &[(u32, u32)],
    apart: &[(u32, u32)],
    expected: &[&[u32]],
) -> Clusters {
    let options = ClusterOptions { threshold: 0.5, max_members };
    let found = cluster(&graph(8, edges), &options, together, apart);
    assert_eq!(members(&found), expected, "{edges:?}");
    found
}

#[test]
fn edges_at_the_threshold_join() {
    let found = check(&[(0, 1, 0.5), (2, 3, 0.49), (5, 4, 0.9)], 50, &[], &[], &[&[0, 1], &[4, 5]]);
    assert_eq!(found.cluster_of, [0, 0, 2, 3, 1, 1, 4, 5]);
    assert_eq!((found.largest_before_guard, found.n_cut_by_guard), (2, 0));
}

#[test]
fn the_larger_score_of_both_directions_counts() {
    let found = check(&[(0, 1, 0.4), (1, 0, 0.6)], 50, &[], &[], &[&[0, 1]]);
    assert_eq!((found.clusters[0].weakest, found.clusters[0].weakest_score), ((0, 1), 0.6));
}

#[test]
fn the_weakest_link_is_the_weakest_of_a_maximum_spanning_tree() {
    let found = check(&[(0, 1, 0.9), (1, 2, 0.7), (0, 2, 0.6)], 50, &[], &[], &[&[0, 1, 2]]);
    assert_eq!((found.clusters[0].weakest, found.clusters[0].weakest_score), ((1, 2), 0.7));
}

#[test]
fn the_guard_cuts_at_the_weakest_link() {
    let chain = [(0, 1, 0.9), (1, 2, 0.8), (2, 3, 0.6), (3, 4, 0.95), (4, 5, 0.85)];
    let found = check(&chain, 3, &[], &[], &[&[0, 1, 2], &[3, 4, 5]]);
    assert_eq!((found.largest_before_guard, found.n_cut_by_guard), (6, 1));
    assert!(found.clusters.iter().all(|cluster| cluster.cut_by_guard));
    check(&chain, 6, &[], &[], &[&[0, 1, 2, 3, 4, 5]]);
}

#[test]
fn decisions_win_over_scores_and_guard() {
    check(&[], 2, &[(0, 1), (2, 1), (1, 3)], &[], &[&[0, 1, 2, 3]]);
    check(&[(0, 1, 0.9)], 50, &[], &[(1, 0)], &[]);
    // Held apart, yet both tied to a third: the graph joins them all the same.
    check(&[(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.7)], 50, &[], &[(0, 1)], &[&[0, 1, 2]]);
    check(&[(0, 1, 0.9)], 50, &[(1, 0)], &[(0, 1)], &[&[0, 1]]);
    // A cluster that decisions made too large takes nothing more.
    let found = check(&[(2, 3, 0.9)], 2, &[(0, 1), (1, 2)], &[], &[&[0, 1, 2]]);
    assert_eq!(found.n_cut_by_guard, 1);
    check(&[], 50, &[(3, 3), (0, 99)], &[], &[]);
}

#[test]
fn no_rows_no_clusters() {
    let found = cluster(&Neighbors::default(), &ClusterOptions::default(), &[(0, 1)], &[]);
    assert!(found.clusters.is_empty() && found.cluster_of.is_empty());
}

#[test]
fn edges_survive_packing() {
    for score in [-1.0, -0.25, 0.0, 1e-9, 0.5, 1.0] {
        let edge = Edge::new(3, u32::MAX, score);
        assert_eq!((edge.rows(), edge.score()), ((3, u32::MAX), score));
    }
    assert!(Edge::new(0, 1, 0.5) < Edge::new(0, 1, 0.25) && Edge::new(0, 1, -0.5) > Edge::new(0, 1, -0.25));
    assert!(Edge::new(0, 1, -0.0) == Edge::new(0, 1, 0.0) && Edge::new(0, 1, 0.5) < Edge::new(0, 2, 0.5));
}

/// Components by walking from each row.
fn walk(n_rows: usize, edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut seen = vec![false; n_rows];
    let mut components = Vec::new();
    for start in 0..n_rows as u32 {
        let (mut component, mut open) = (Vec::new(), vec![start]);
        while let Some(row) = open.pop() {
            if std::mem::replace(&mut seen[row as usize], true) {
                continue;
            }
            component.push(row);
            open.extend(edges.iter().filter(|edge| edge.0 == row).map(|edge| edge.1));
            open.extend(edges.iter().filter(|edge| edge.1 == row).map(|edge| edge.0));
        }
        component.sort_unstable();
        if component.len() > 1 {
            components.push(component);
        }
    }
    components
}

const N_ROWS: usize = 20;

fn pair() -> impl Strategy<Value = (u32, u32)> {
    (0..N_ROWS as u32, 1..N_ROWS as u32).prop_map(|(a, step)| (a, (a + step) % N_ROWS as u32))
}

/// Distinct directed edges with few distinct scores.
fn edges() -> impl Strategy<Value = Vec<(u32, u32, f32)>> {
    prop::collection::btree_map(pair(), 0_u8..=10, 0..50)
        .prop_map(|edges| edges.into_iter().map(|((a, b), score)| (a, b, f32::from(score) / 10.0)).collect())
}

proptest! {
    #[test]
    fn clusters_equal_a_graph_walk(
        edges in edges(),
        together in prop::collection::vec(pair(), 0..4),
        apart in prop::collection::vec(pair(), 0..8),
    ) {
        let options = ClusterOptions { threshold: 0.5, max_members: N_ROWS };
        let found = cluster(&graph(N_ROWS, &edges), &options, &together, &apart);
        let is_apart = |a, b| apart.contains(&(a, b)) || apart.contains(&(b, a));
        let mut used: Vec<(u32, u32)> =
            edges.iter().filter(|edge| edge.2 >= 0.5 && !is_apart(edge.0, edge.1)).map(|edge| (edge.0, edge.1)).collect();
        used.extend(&together);
        let expected = walk(N_ROWS, &used);
        prop_assert_eq!(found.largest_before_guard, expected.iter().map(Vec::len).max().unwrap_or(1));
        prop_assert_eq!(members(&found), expected);
        // Without every edge that is not stronger than its weakest link, a cluster falls apart.
        for cluster in found.clusters.iter().filter(|cluster| !together.contains(&cluster.weakest)) {
            let stronger: Vec<(u32, u32)> = edges.iter()
                .filter(|edge| edge.2 > cluster.weakest_score && !is_apart(edge.0, edge.1))
                .map(|edge| (edge.0, edge.1)).chain(together.iter().copied()).collect();
            if cluster.weakest_score < 1.0 {
                prop_assert!(!walk(N_ROWS, &stronger).contains(&cluster.members));
            }
        }
    }

    #[test]
    fn the_guard_holds_except_for_decisions(
        edges in edges(),
        together in prop::collection::vec(pair(), 0..6),
        max_members in 1_usize..8,
    ) {
        let options = ClusterOptions { threshold: 0.3, max_members };
        let found = cluster(&graph(N_ROWS, &edges), &options, &together, &[]);
        let decided = walk(N_ROWS, &together);
        for cluster in &found.clusters {
            prop_assert!(cluster.members.len() <= max_members || decided.contains(&cluster.members));
        }
        for (a, b) in together {
            prop_assert_eq!(found.cluster_of[a as usize], found.cluster_of[b as usize]);
        }
        let open = cluster(&graph(N_ROWS, &edges), &ClusterOptions { max_members: N_ROWS, ..options }, &[], &[]);
        let cut = cluster(&graph(N_ROWS, &edges), &options, &[], &[]);
        prop_assert_eq!(cut.n_cut_by_guard, open.clusters.iter().filter(|whole| whole.members.len() > max_members).count());
        // What fits is never cut.
        for whole in open.clusters.iter().filter(|whole| whole.members.len() <= max_members) {
            prop_assert!(cut.clusters.contains(whole));
        }
    }

    #[test]
    fn order_does_not_matter(
        (edges, shuffled) in edges().prop_flat_map(|edges| (Just(edges.clone()), Just(edges).prop_shuffle())),
        (together, retold) in prop::collection::vec(pair(), 0..5)
            .prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle())),
        max_members in 2_usize..8,
    ) {
        let options = ClusterOptions { threshold: 0.3, max_members };
        let one = cluster(&graph(N_ROWS, &edges), &options, &together, &[]);
        // Lists in another order, every pair told from the other side, decisions in another order.
        let turned: Vec<(u32, u32, f32)> = shuffled.iter().map(|&(a, b, score)| (b, a, score)).collect();
        let retold: Vec<(u32, u32)> = retold.into_iter().map(|(a, b)| (b, a)).collect();
        let other = cluster(&graph(N_ROWS, &turned), &options, &retold, &[]);
        prop_assert_eq!(one.clusters, other.clusters);
        prop_assert_eq!(one.cluster_of, other.cluster_of);
    }
}
