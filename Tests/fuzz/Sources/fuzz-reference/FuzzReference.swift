// SPDX-License-Identifier: Apache-2.0
import OCI

/// A name that is accepted must stay the same in its short and in its long form.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    guard let reference = try? ImageReference(text) else { return 0 }
    for form in [reference.description, reference.full] {
        guard (try? ImageReference(form)) == reference else { fatalError("'\(text)' becomes '\(form)', which is another name") }
    }
    return 0
}
