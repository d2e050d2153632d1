// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Images

extension Image {
    var json: JSONValue { .object(members) }

    fileprivate var members: [String: JSONValue] {
        [
            "reference": .string(reference), "digest": .string(manifestDigest.description),
            "createdTime": .string(Timestamp(milliseconds: created).rfc3339), "layers": .integer(Int64(layers.count)),
            "size": .integer(Int64(clamping: size)), "sharedSize": .integer(Int64(clamping: sharedSize)),
            "uniqueSize": .integer(Int64(clamping: uniqueSize)),
        ]
    }
}

extension ImageDetails {
    var json: JSONValue {
        get throws {
            var members = image.members
            members["references"] = .array(references.map { .string($0) })
            members["keptBytes"] = .integer(Int64(clamping: keptBytes))
            members["configDigest"] = .string(configDigest.description)
            members["config"] = try JSONValue(parsing: configJSON)
            members["layerDetails"] = .array(
                image.layers.map { layer in
                    [
                        "diffID": .string(layer.diffID.description), "bytes": .integer(Int64(clamping: layer.bytes)),
                        "entries": .integer(Int64(clamping: layer.entries)),
                    ]
                })
            return .object(members)
        }
    }
}

extension LoadEvent {
    var json: JSONValue {
        switch self {
        case .received(let bytes): ["event": "received", "bytes": .integer(Int64(clamping: bytes))]
        case .resolved(let digest, let layers, let bytes):
            [
                "event": "resolved", "digest": .string(digest.description), "layers": .integer(Int64(layers)),
                "bytes": .integer(Int64(clamping: bytes)),
            ]
        case .layer(let digest, let state, let index, let count, let bytes):
            [
                "event": "layer", "digest": .string(digest.description), "state": .string(state.rawValue), "index": .integer(Int64(index)),
                "of": .integer(Int64(count)), "bytes": .integer(Int64(clamping: bytes)),
            ]
        }
    }
}
