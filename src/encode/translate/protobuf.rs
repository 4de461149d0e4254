//! The few lines of Protocol Buffers that a SentencePiece file needs: fields by number, in order, lengths checked. It
//! knows no schema and never copies.

/// One field's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// An integer, a boolean or an enum.
    Integer(u64),
    /// Four raw bytes.
    Word([u8; 4]),
    /// A string, bytes or a message within the message.
    Bytes(&'a [u8]),
    /// Eight raw bytes, which nothing here needs.
    Double,
}

/// The fields of a message, each with its number; the last item is an error where the message is cut or damaged.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of these bytes.
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.integer()?;
        let value = match tag & 7 {
            0 => Value::Integer(self.integer()?),
            1 => {
                self.take(8)?;
                Value::Double
            }
            2 => {
                let length = usize::try_from(self.integer()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Word(self.take(4)?.try_into().ok()?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    /// Seven bits a byte, the lowest first; the top bit says that more follow.
    fn integer(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field.ok_or_else(|| "it is cut or no SentencePiece file".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &[Result<(u64, Value<'_>), ()>]) {
        let found: Vec<_> = Fields::of(bytes).map(|field| field.map_err(|_| ())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn fields_are_read_in_order() {
        check(&[], &[]);
        check(&[0x08, 0x96, 0x01], &[Ok((1, Value::Integer(150)))]);
        check(&[0x12, 2, b'a', b'b', 0x18, 1], &[Ok((2, Value::Bytes(b"ab"))), Ok((3, Value::Integer(1)))]);
        check(&[0x15, 1, 2, 3, 4], &[Ok((2, Value::Word([1, 2, 3, 4])))]);
        check(&[0x11, 0, 0, 0, 0, 0, 0, 0, 0], &[Ok((2, Value::Double))]);
    }

    #[test]
    fn damage_is_an_error_and_the_end() {
        for bytes in [
            &[0x08][..],
            &[0x12, 5, b'a'],
            &[0x15, 1],
            &[0x0b],
            &[0xff; 20],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ] {
            check(bytes, &[Err(())]);
        }
    }
}
