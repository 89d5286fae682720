extension Array {
  /// Puts an element in the place of the first that fits, or behind all; none takes that one out.
  mutating func replaceFirst(where fits: (Element) -> Bool, by element: Element?) {
    let place = firstIndex(where: fits)
    switch (place, element) {
    case (let place?, let element?): self[place] = element
    case (let place?, nil): remove(at: place)
    case (nil, let element?): append(element)
    case (nil, nil): break
    }
  }
}
