// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Indexes the input as the outer tar of an image archive; what the index says must lie in the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    do {
        let index = try TarIndex(length: UInt64(count), memberLimit: 1000) { offset, wanted in
            guard Int(offset) + wanted <= count else { fatalError("it reads \(wanted) bytes at \(offset) of \(count)") }
            return Array(bytes[Int(offset)..<Int(offset) + wanted])
        }
        for path in index.paths {
            guard let member = index[path] else { continue }
            guard member.offset <= UInt64(count), member.size <= UInt64(count) - member.offset else {
                fatalError("'\(path)' lies beyond the end")
            }
            guard !path.split(separator: "/").contains("..") else { fatalError("'\(path)' leads out") }
        }
    } catch is ServiceError {} catch { fatalError("\(error)") }
    return 0
}
