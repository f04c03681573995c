//! What Firebase does with scrypt: the result is a key, and what is stored is the project's signer key under it.

use aes::Aes256Enc;
use aes::cipher::{Block, BlockEncrypt as _, KeyInit as _};

/// Encrypts `signer_key` with AES-256 in counter mode from zero on; the key is the first half of scrypt's 64 bytes.
#[must_use]
pub fn encrypt_signer_key(derived: &[u8], signer_key: &[u8]) -> Option<Vec<u8>> {
    let cipher = Aes256Enc::new_from_slice(derived.get(..32)?).ok()?;
    let mut encrypted = signer_key.to_vec();
    for (counter, chunk) in (0_u128..).zip(encrypted.chunks_mut(16)) {
        let mut block = Block::<Aes256Enc>::from(counter.to_be_bytes());
        cipher.encrypt_block(&mut block);
        for (byte, key) in chunk.iter_mut().zip(block) {
            *byte ^= key;
        }
    }
    Some(encrypted)
}
