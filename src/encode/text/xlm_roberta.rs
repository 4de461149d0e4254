//! XLM-RoBERTa: BERT's layers over a vocabulary of a hundred languages; positions count the real tokens, beginning after
//! the padding's row. Conneau et al., "Unsupervised Cross-lingual Representation Learning at Scale", ACL 2020.

use super::architecture::{TextArchitecture, TextConfig, TitleLength, gamma_beta};
use super::bert::{BertFile, graph_with};
use crate::encode::Pooling;
use crate::nn::{Graph, Positions};

/// Its line in the table.
pub(super) const ARCHITECTURE: TextArchitecture = TextArchitecture {
    id: "xlm-roberta",
    configure: |json| {
        let file = BertFile::read(json)?;
        let padding_id = file.pad_token_id.unwrap_or(1);
        let n_unused = padding_id as usize + 1;
        let longest = file.max_position_embeddings.checked_sub(n_unused);
        let longest = longest.ok_or("the padding id lies beyond the positions")?;
        file.config(padding_id, TitleLength::AtMost(longest), graph)
    },
    other_names: &[|name| Some(format!("roberta.{name}")), gamma_beta],
};

fn graph(config: &TextConfig, pooling: Pooling) -> Graph {
    graph_with(config, pooling, Positions::AfterPadding { padding_id: config.padding_id })
}
