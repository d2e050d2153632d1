// SPDX-License-Identifier: Apache-2.0
import CUnpackStart
import FunctionModel
import Glibc
import LayerInflation
import LinuxSystem

// Takes the compression off one layer. The launcher starts it confined, in front of swiftlet-unpack; it may be run by hand too:
//
//     swiftlet-inflate OFFSET LENGTH gzip|zstd [LIMITS] 0<layer.tar.gz >layer.tar
//
// 0 is the blob, of which LENGTH bytes from OFFSET on are read. What is wrong goes to 2 as a sentence, and the exit status is 1. Where nobody reads
// the output any more it ends without words: whoever stopped reading has the reason.

func run(_ arguments: [String]) throws {
    guard (4...5).contains(arguments.count), let offset = UInt64(arguments[1]), let length = UInt64(arguments[2]),
        let encoding = BlobEncoding(rawValue: arguments[3])
    else { throw InflationRefusal("usage: swiftlet-inflate OFFSET LENGTH gzip|zstd [LIMITS]") }
    let limits = try UnpackLimits(arguments.count > 4 ? arguments[4] : "")
    let blob = CompressedBlob(descriptor: 0, offset: offset, length: length, encoding: encoding)
    let inflation = try LayerInflation(blob, output: 1, window: limits[.window])
    try allowOnlyLastCalls()
    do { try inflation.run() } catch let error as SystemCallError {
        // As process 1 of its namespace it gets no SIGPIPE.
        if error.errno == EPIPE { _exit(3) }
        throw InflationRefusal("the tar cannot be handed on: \(error)")
    }
}

// Swift's CommandLine reads /proc/self/cmdline, which Landlock keeps from it.
let arguments = (0..<6).compactMap { unpack_argument($0).map { String(cString: $0) } }
do { try run(arguments) } catch {
    let line = Array("\(error)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    _exit(1)
}
_exit(0)
