//! Operations candle lacks or does slowly.
