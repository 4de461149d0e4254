"""Reference outputs of text towers and of a translator, computed by transformers and sentencepiece.

Needs (pip): torch transformers sentencepiece numpy
Run:   python make_golden_text.py OUT_DIR

No weights are stored: every parameter is filled by the hash that parity/make_parity.py of the shared folder describes
(FNV-1a 64 of "<seed>/<name>", splitmix64, 24 bits), so a program in any language makes the same numbers.
Writes clip_text_tiny.json, siglip_text_tiny.json (pooled rows of padded titles), marian_tiny.json with the folder
marian_tiny/ (config.json, vocab.json, source.spm, target.spm), and clip_bpe/ (vocab.json, merges.txt, ids.json).
"""
import json, pathlib, sys
import numpy as np, torch

M = (1 << 64) - 1
SEED = "0"


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & M
    return h


def uniform(name, n):
    with np.errstate(over="ignore"):
        z = np.uint64(fnv1a(f"{SEED}/{name}")) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1.0


def fill(name, shape):
    u = uniform(name, int(np.prod(shape)) if len(shape) else 1)
    last = name.split(".")[-1]
    if len(shape) <= 1:
        v = 1 + 0.1 * u if last in ("weight", "gamma") else 0.1 * u
    else:
        v = u * np.sqrt(3 / float(np.prod(shape[1:])))
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def fill_model(model, published_name, skip=()):
    """Fills every parameter by its published name; returns the shapes by that name."""
    shapes, seen = {}, {}
    for key, tensor in model.state_dict().items():
        if not tensor.dtype.is_floating_point or any(part in key for part in skip):
            continue
        name = seen.setdefault(tensor.data_ptr(), published_name(key))
        tensor.copy_(fill(name, tuple(tensor.shape)))
        shapes[name] = list(tensor.shape)
    model.eval()
    return shapes


def plain(config):
    return {k: v for k, v in config.to_dict().items() if isinstance(v, (int, float, str, bool))}


def rows(tensor):
    return tensor.double().numpy().round(7).tolist()


def write(path, value):
    path.write_text(json.dumps(value) + "\n")
    print(path, path.stat().st_size)


def prefixed(key):
    return key if key.startswith(("text_model.", "text_projection.")) else f"text_model.{key}"


def clip(out):
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    cases = []
    for end_of_text in (2, 190):
        config = CLIPTextConfig(vocab_size=200, hidden_size=64, intermediate_size=128, projection_dim=48, num_hidden_layers=3,
                                num_attention_heads=4, max_position_embeddings=20, bos_token_id=191 if end_of_text == 2 else 189,
                                eos_token_id=end_of_text, pad_token_id=1)
        config._attn_implementation = "eager"
        model = CLIPTextModelWithProjection(config)
        shapes = fill_model(model, prefixed)
        end = 199 if end_of_text == 2 else end_of_text
        lengths = [9, 4, 12]
        ids = torch.full((3, 12), end)
        for row, length in enumerate(lengths):
            drawn = (np.abs(uniform(f"ids/clip{row}", length - 1)) * 180).astype(np.int64) + 3
            ids[row, : length - 1] = torch.from_numpy(drawn)
            # A larger id than the end of text, after it or before it, tells the two ways to find it apart.
            if end_of_text != 2:
                ids[row, 1] = 195
        mask = torch.tensor([[1] * n + [0] * (12 - n) for n in lengths])
        with torch.inference_mode():
            embedding = model(input_ids=ids).text_embeds
        cases.append({"config": plain(config) | {"model_type": "clip_text_model"}, "ids": ids.tolist(), "mask": mask.tolist(),
                      "pooled": rows(embedding), "tensors": shapes})
    write(out / "clip_text_tiny.json", cases[0])
    write(out / "clip_text_end_id_tiny.json", cases[1])


def siglip(out):
    from transformers import SiglipTextConfig, SiglipTextModel

    config = SiglipTextConfig(vocab_size=200, hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4,
                              max_position_embeddings=16, projection_size=40)
    config._attn_implementation = "eager"
    model = SiglipTextModel(config)
    shapes = fill_model(model, prefixed)
    ids = torch.full((2, 16), 1)
    for row, length in enumerate((11, 5)):
        ids[row, :length] = torch.from_numpy((np.abs(uniform(f"ids/siglip{row}", length)) * 190).astype(np.int64) + 2)
    with torch.inference_mode():
        pooled = model(input_ids=ids).pooler_output
    mask = torch.ones_like(ids)
    write(out / "siglip_text_tiny.json", {"config": plain(config) | {"model_type": "siglip_text_model"}, "ids": ids.tolist(),
                                          "mask": mask.tolist(), "pooled": rows(pooled), "tensors": shapes})


# Our own sentences, only to have pieces to split into.
INDONESIAN = """tas kertas merah untuk hadiah ulang tahun
baju anak perempuan lengan panjang motif bunga
sepatu olahraga pria warna hitam ukuran 42
botol minum plastik 500 ml tutup biru
lampu meja belajar LED putih murah
celana panjang wanita bahan katun
kopi bubuk arabika 250 gram asli
sabun mandi cair aroma mawar isi ulang
mainan mobil balap anak dengan baterai
tas ransel sekolah tahan air besar""".splitlines()
ENGLISH = """red paper bag for a birthday gift
girls long sleeve shirt with flowers
black sport shoes for men size 42
plastic drinking bottle 500 ml blue lid
cheap white LED desk lamp for study
long cotton trousers for women
original ground arabica coffee 250 gram
rose scented liquid bath soap refill
racing car toy for children with battery
big water resistant school backpack""".splitlines()
# Factors of the translator's tables by the last part of their name, and what is added to the bias of the end.
SCALES = {"fc1": 2.5, "fc2": 2.5, "q_proj": 6.0, "k_proj": 6.0, "final_logits_bias": 1.0}
END_BIAS = 0.75
TITLES = ["Tas  kertas merah", "sepatu OLAHRAGA 42", " botol ½ liter ﬁne ", "lampu", "tas kertas mainan zebra \u20ac", "  ", "kopi\u3000bubuk"]


def marian(out):
    import sentencepiece
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder = out / "marian_tiny"
    folder.mkdir(exist_ok=True)
    rules = folder / "rules.tsv"
    # A few of the compatibility rules of the published models, so that the file stays small.
    pairs = {"\u00bd": "1/2", "\ufb01": "fi", "\u3000": " ", "\t": " ", "\u00a0": " "}
    rules.write_text("".join(f"{' '.join(f'{ord(c):X}' for c in a)}\t{' '.join(f'{ord(c):X}' for c in b)}\n" for a, b in pairs.items()))
    for side, sentences in (("source", INDONESIAN), ("target", ENGLISH)):
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_prefix=str(folder / side), vocab_size=90,
                                                 character_coverage=1.0, normalization_rule_tsv=str(rules), minloglevel=2)
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
        (folder / f"{side}.vocab").unlink()
    rules.unlink()
    pieces = ["</s>", "<unk>"]
    for side in ("source", "target"):
        processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{side}.spm"))
        pieces += [processor.id_to_piece(i) for i in range(processor.get_piece_size()) if not processor.is_control(i) and not processor.is_unknown(i)]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    # Like the published vocabularies, one piece of the tokenizer is not in it.
    vocabulary.pop("\u2581lampu", None)
    vocabulary = {piece: i for i, piece in enumerate(list(vocabulary) + ["<pad>"])}
    pad = vocabulary["<pad>"]
    write(folder / "vocab.json", vocabulary)
    config = MarianConfig(vocab_size=len(vocabulary), d_model=48, encoder_layers=2, decoder_layers=3, encoder_attention_heads=4,
                          decoder_attention_heads=4, encoder_ffn_dim=96, decoder_ffn_dim=80, max_position_embeddings=64,
                          activation_function="swish", scale_embedding=True, pad_token_id=pad, decoder_start_token_id=pad,
                          eos_token_id=0, forced_eos_token_id=0)
    config._attn_implementation = "eager"
    model = MarianMTModel(config)
    shapes = fill_model(model, lambda key: "model.shared.weight" if key.endswith(("embed_tokens.weight", "shared.weight")) or key == "lm_head.weight" else key,
                        skip=("embed_positions",))
    # Larger layers and a bias towards the end, so that sentences vary and end instead of repeating their first piece.
    for key, tensor in model.state_dict().items():
        if ".layers." in key and tensor.dim() == 2:
            tensor.mul_(SCALES.get(key.split(".")[-2], 1.0))
    model.final_logits_bias.mul_(SCALES["final_logits_bias"])
    model.final_logits_bias[0, 0] += END_BIAS
    write(folder / "config.json", plain(config) | {"model_type": "marian", "bad_words_ids": [[pad]], "max_length": 24, "num_beams": 4})
    tokenizer = MarianTokenizer(str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json"))
    ids = [tokenizer(title)["input_ids"] for title in TITLES]
    longest = max(map(len, ids))
    padded = torch.tensor([row + [pad] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    forced = torch.from_numpy((np.abs(uniform("ids/forced", len(ids) * 6)) * (len(vocabulary) - 2)).astype(np.int64).reshape(len(ids), 6))
    forced[:, 0] = pad
    result = {"titles": TITLES, "ids": ids, "tensors": shapes, "forced": forced.tolist(),
              "scales": SCALES, "end_bias": END_BIAS}
    with torch.inference_mode():
        for name, n_beams in (("greedy", 1), ("beam4", 4)):
            made = model.generate(input_ids=padded, attention_mask=mask, num_beams=n_beams, do_sample=False, max_length=24, bad_words_ids=[[pad]],
                                  forced_eos_token_id=0)
            # Without the start and the padding.
            result[name] = [[int(i) for i in row[1:] if int(i) != pad] for row in made]
            result[f"{name}_text"] = tokenizer.batch_decode(made, skip_special_tokens=True)
        # The sharp attention of made-up weights magnifies rounding, so the numbers are computed in f64.
        model = model.double()
        hidden = model.get_encoder()(input_ids=padded, attention_mask=mask).last_hidden_state
        result["encoded"] = [rows(h[: len(row)]) for h, row in zip(hidden, ids)]
        result["logits"] = rows(model(input_ids=padded, attention_mask=mask, decoder_input_ids=forced).logits)
    write(out / "marian_tiny.json", result)
    for name in ("ids", "greedy", "beam4", "greedy_text", "beam4_text"):
        print(name, result[name])


def clip_bpe(out):
    """A vocabulary of the published form: bytes, bytes that end a word, merges, two special tokens."""
    from transformers import CLIPTokenizer

    folder = out / "clip_bpe"
    folder.mkdir(exist_ok=True)
    # The letters that stand for bytes, in the published order: printable ones for themselves, the rest from U+0100 on.
    themselves = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols = [chr(b) for b in themselves] + [chr(256 + i) for i in range(256 - len(themselves))]
    merges = ["r e", "re d</w>", "b a", "ba g</w>", "s h", "sh o", "sho e", "shoe s</w>", "i n", "in g</w>", "' s</w>", "4 2</w>"]
    vocabulary = symbols + [s + "</w>" for s in symbols] + ["".join(m.split()) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({v: i for i, v in enumerate(vocabulary)}, ensure_ascii=False) + "\n")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(str(folder))
    titles = ["Red bag", "  RED   shoes 42!! ", "shoe's red-bag", "caf\u00e9 b\u00e0g \u00c9", "\u5f20 bag", "", "<|endoftext|> red"]
    write(folder / "ids.json", {"titles": titles, "ids": [tokenizer(t)["input_ids"] for t in titles]})
    for title, ids in zip(titles, json.loads((folder / "ids.json").read_text())["ids"]):
        print(repr(title), ids)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in (clip, siglip, clip_bpe, marian):
        make(folder)
