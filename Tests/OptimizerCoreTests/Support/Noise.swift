/// Numbers that look random and are the same in every run (SplitMix64).
struct Noise {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Floats of both signs with magnitudes below 2⁴ over so many octaves, one in sixteen of them zero.
  mutating func floats(_ count: Int, octaves: UInt64 = 44) -> [Float] {
    (0..<count).map { _ in
      let bits = next()
      if bits & 15 == 0 { return bits & 16 == 0 ? 0 : -0.0 }
      let exponent = UInt32(131 - octaves + (bits >> 8) % octaves)
      return Float(
        bitPattern: UInt32(truncatingIfNeeded: bits >> 32) & 0x807F_FFFF | exponent << 23
      )
    }
  }

  mutating func positives(_ count: Int) -> [Float] { floats(count).map(\.magnitude) }
}
