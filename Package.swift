// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is compiled with: nothing unsafe without the word, no warning.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
  // A section for each function: the linker leaves out those that nothing calls.
  .unsafeFlags(
    ["-Xfrontend", "-function-sections"],
    .when(platforms: [.linux], configuration: .release)
  ),
]

// A release for Linux carries its libraries inside, from the archives of Debian's packages, and runs where none of them
// is installed. Debug builds and tests load the shared ones, which link faster.
#if os(Linux)
let inside = BuildSettingCondition.when(platforms: [.linux], configuration: .release)
let beside = BuildSettingCondition.when(platforms: [.linux], configuration: .debug)
let hdf5PackageName: String? = nil
let hdf5Libraries: [LinkerSetting] = [
  .linkedLibrary("hdf5_serial", beside),
  .linkedLibrary(":libhdf5_serial.a", inside),
  // Its szip filter, and zlib once more: an archive is searched for what stands before it.
  .linkedLibrary(":libsz.a", inside),
  .linkedLibrary(":libaec.a", inside),
  .linkedLibrary(":libz.a", inside),
]
let zlibLibraries: [LinkerSetting] = [
  .linkedLibrary("z", beside), .linkedLibrary(":libz.a", inside),
]
let zstdLibraries: [LinkerSetting] = [
  .linkedLibrary("zstd", beside), .linkedLibrary(":libzstd.a", inside),
]
let deflateLibraries: [LinkerSetting] = [
  .linkedLibrary("deflate", beside), .linkedLibrary(":libdeflate.a", inside),
]
#else
let hdf5PackageName: String? = "hdf5"
let hdf5Libraries: [LinkerSetting] = [.linkedLibrary("hdf5")]
let zlibLibraries: [LinkerSetting] = [.linkedLibrary("z")]
let zstdLibraries: [LinkerSetting] = [.linkedLibrary("zstd")]
let deflateLibraries: [LinkerSetting] = [.linkedLibrary("deflate")]
#endif

let package = Package(
  name: "optstate",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "OptStateKit", targets: ["OptStateKit"]),
    .executable(name: "optstate", targets: ["optstate"]),
  ],
  dependencies: [
    // The command line: options, help, usage errors.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // The site of the documentation. It is a plug-in of the package manager: nothing of it is in what is built.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    // The records inside TensorFlow's bundle, generated from our own .proto files.
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CHDF5",
      pkgConfig: hdf5PackageName,
      providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]
    ),
    .systemLibrary(
      name: "CZlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
    ),
    // Every chunk and every node of an Orbax checkpoint is a frame of Zstandard. Only the decompression is used, and
    // linked: 130 kB (CPlatform). Entropy decoding that strangers' bytes run through is left to those who have fuzzed it for years.
    .systemLibrary(
      name: "CZstd",
      providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]
    ),
    // Chunks of HDF5 are whole streams, which libdeflate packs and unpacks in half of zlib's time or less, and smaller; zlib
    // stays for archives, whose members are made and read in pieces.
    .systemLibrary(
      name: "CDeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]
    ),
    .target(name: "CKernels", cSettings: [.treatAllWarnings(as: .error)]),

    .target(name: "CPlatform", cSettings: [.treatAllWarnings(as: .error)]),

    .target(name: "Tensors", swiftSettings: strict),
    .target(
      name: "ByteIO",
      dependencies: ["Tensors", "CZlib", "CDeflate", "CZstd", "CKernels", "CPlatform"],
      swiftSettings: strict,
      linkerSettings: zlibLibraries + deflateLibraries + zstdLibraries
    ),
    .target(
      name: "HDF5",
      dependencies: ["Tensors", "ByteIO", "CHDF5", "CPlatform"],
      swiftSettings: strict,
      linkerSettings: hdf5Libraries
    ),
    .target(name: "OptimizerCatalog", dependencies: ["Tensors"], swiftSettings: strict),
    .target(
      name: "OptimizerCore",
      dependencies: ["Tensors", "OptimizerCatalog", "CKernels"],
      swiftSettings: strict
    ),
    .target(
      name: "TrainingState",
      dependencies: ["Tensors", "ByteIO", "OptimizerCatalog", "OptimizerCore"],
      resources: [.embedInCode("Names/Maps")],
      swiftSettings: strict
    ),
    .target(
      name: "StateStore",
      dependencies: ["TrainingState", "HDF5", "ByteIO"],
      swiftSettings: strict
    ),
    .target(
      name: "TensorFlowCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCatalog", "OptimizerCore", "Tensors", "ByteIO",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protos"],
      swiftSettings: strict
    ),
    .target(
      name: "Safetensors",
      dependencies: ["TrainingState", "OptimizerCore", "Tensors", "ByteIO"],
      swiftSettings: strict
    ),
    .target(
      name: "NumPyArchive",
      dependencies: ["TrainingState", "Tensors", "ByteIO"],
      swiftSettings: strict
    ),
    .target(
      name: "KerasCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCatalog", "OptimizerCore", "Tensors", "ByteIO", "HDF5",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "TorchContainer",
      dependencies: ["Tensors", "ByteIO"],
      swiftSettings: strict
    ),
    .target(
      name: "PyTorchCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCatalog", "OptimizerCore", "Tensors", "ByteIO", "TorchContainer",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "TrainerCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCore", "Tensors", "ByteIO", "TorchContainer",
        "PyTorchCheckpoint", "Safetensors",
      ],
      resources: [.embedInCode("Models")],
      swiftSettings: strict
    ),
    .target(
      name: "DistributedCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCore", "Tensors", "ByteIO", "TorchContainer",
        "PyTorchCheckpoint",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "DeepSpeedCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCore", "Tensors", "ByteIO", "TorchContainer",
        "PyTorchCheckpoint",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "JAXCheckpoint",
      dependencies: [
        "TrainingState", "OptimizerCatalog", "OptimizerCore", "Tensors", "ByteIO",
        "KerasCheckpoint",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "StateConversion",
      dependencies: [
        "Tensors", "ByteIO", "OptimizerCore", "TrainingState", "StateStore",
        "TensorFlowCheckpoint", "Safetensors", "NumPyArchive", "KerasCheckpoint",
        "PyTorchCheckpoint", "TrainerCheckpoint", "DistributedCheckpoint",
        "DeepSpeedCheckpoint", "JAXCheckpoint",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "StateTools",
      dependencies: [
        "Tensors", "ByteIO", "OptimizerCatalog", "OptimizerCore", "TrainingState",
        "StateConversion",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "StateSurgery",
      dependencies: [
        "Tensors", "ByteIO", "OptimizerCatalog", "OptimizerCore", "TrainingState",
        "StateConversion", "StateTools",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "StateTraining",
      dependencies: [
        "Tensors", "ByteIO", "OptimizerCatalog", "OptimizerCore", "TrainingState", "HDF5",
        "StateStore", "StateConversion",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "OptStateKit",
      dependencies: [
        "Tensors", "ByteIO", "HDF5", "OptimizerCatalog", "OptimizerCore", "TrainingState",
        "StateConversion", "StateTools", "StateSurgery", "StateTraining",
      ],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "optstate",
      dependencies: [
        "OptStateKit",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      // What the packages bring beside the program: JSON Schema of its reports.
      exclude: ["Linking", "Schemas"],
      swiftSettings: strict,
      // Swift's libraries inside the program, and of them only what it uses: it starts in a third of the
      // time, and inspecting a state is little more than starting.
      linkerSettings: [
        .unsafeFlags(
          [
            "-static-stdlib", "-l_FoundationCShims", "-l_FoundationCollections",
            "-Xlinker", "--no-export-dynamic", "-Xlinker", "--gc-sections",
            // Smaller by two megabytes and a half: no tables for exceptions. Of the linkers binutils' own takes a script
            // beside its default one.
            "-use-ld=bfd", "-Xlinker", "--no-eh-frame-hdr",
            "-Xlinker", "-T\(Context.packageDirectory)/Sources/optstate/Linking/no-unwinding.ld",
            // CPlatform has the `hypotf` of an older C library.
            "-Xlinker", "--wrap=hypotf",
          ],
          .when(platforms: [.linux], configuration: .release)
        )
      ]
    ),

    .executableTarget(
      name: "CharacterModel",
      dependencies: ["OptStateKit"],
      path: "Tests/Examples/CharacterModel",
      swiftSettings: strict
    ),
    .target(
      name: "BenchmarkSupport",
      dependencies: ["OptStateKit"],
      path: "Tests/Benchmarks/BenchmarkSupport",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "DiagnosisBenchmark",
      dependencies: [
        "BenchmarkSupport", "OptStateKit", "ByteIO",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks/DiagnosisBenchmark",
      exclude: ["chunks.py"],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "SaveLoop",
      dependencies: ["OptStateKit"],
      path: "Tests/Crash/SaveLoop",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "ConversionBenchmark",
      dependencies: [
        "BenchmarkSupport", "OptStateKit", "ByteIO",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks/ConversionBenchmark",
      exclude: ["jax_states.py", "tensorflow_to_trainer.py"],
      swiftSettings: strict
    ),

    .target(
      name: "TestSupport",
      dependencies: ["Tensors", "ByteIO", "OptimizerCore", "TrainingState"],
      path: "Tests/TestSupport",
      swiftSettings: strict
    ),
    .testTarget(
      name: "TensorsTests",
      dependencies: ["Tensors", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "ByteIOTests",
      dependencies: ["ByteIO", "Tensors", "CKernels", "CZlib", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "OptimizerCatalogTests",
      dependencies: ["OptimizerCatalog", "Tensors"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "OptimizerCoreTests",
      dependencies: ["OptimizerCore", "Tensors", "CKernels"],
      swiftSettings: strict
    ),
    .executableTarget(
      name: "OptimizerBenchmark",
      dependencies: [
        "OptimizerCore", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Benchmarks/OptimizerBenchmark",
      exclude: ["torch_steps.py", "tensorflow_steps.py"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "TrainingStateTests",
      dependencies: ["TrainingState", "OptimizerCore", "Tensors", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "OptStateKitTests",
      dependencies: [
        "OptStateKit", "StateConversion", "StateTools", "StateSurgery", "StateTraining",
        "TrainingState", "OptimizerCatalog", "OptimizerCore", "HDF5", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "optstateTests",
      dependencies: ["optstate", "OptStateKit", "ByteIO", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "HDF5Tests",
      dependencies: ["HDF5", "CHDF5", "ByteIO", "Tensors", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "StateStoreTests",
      dependencies: [
        "StateStore", "TensorFlowCheckpoint", "TrainingState", "OptimizerCore", "HDF5", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "SafetensorsTests",
      dependencies: [
        "Safetensors", "TrainingState", "OptimizerCore", "ByteIO", "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "NumPyArchiveTests",
      dependencies: ["NumPyArchive", "TrainingState", "ByteIO", "Tensors", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "TorchContainerTests",
      dependencies: ["TorchContainer", "ByteIO", "Tensors", "TestSupport"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "JAXCheckpointTests",
      dependencies: [
        "JAXCheckpoint", "TrainingState", "OptimizerCore", "ByteIO", "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "PyTorchCheckpointTests",
      dependencies: [
        "PyTorchCheckpoint", "TorchContainer", "TrainingState", "OptimizerCore", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "DistributedCheckpointTests",
      dependencies: [
        "DistributedCheckpoint", "TorchContainer", "TrainingState", "OptimizerCore", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "DeepSpeedCheckpointTests",
      dependencies: [
        "DeepSpeedCheckpoint", "TorchContainer", "TrainingState", "OptimizerCore", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "TensorFlowCheckpointTests",
      dependencies: [
        "TensorFlowCheckpoint", "TrainingState", "ByteIO", "Tensors", "TestSupport",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "KerasCheckpointTests",
      dependencies: [
        "KerasCheckpoint", "TrainingState", "OptimizerCatalog", "OptimizerCore", "HDF5", "ByteIO",
        "Tensors", "TestSupport",
      ],
      swiftSettings: strict
    ),
  ]
)

// Tests/Fuzz/run builds with libFuzzer, which brings the main function.
if Context.environment["OPTSTATE_FUZZ"] != nil {
  package.targets += [
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "ByteIO", "DeepSpeedCheckpoint", "DistributedCheckpoint", "HDF5", "JAXCheckpoint",
        "KerasCheckpoint", "NumPyArchive", "OptimizerCore", "OptStateKit", "PyTorchCheckpoint",
        "Safetensors", "StateStore", "Tensors", "TensorFlowCheckpoint",
        "TorchContainer", "TrainerCheckpoint", "TrainingState",
      ],
      path: "Tests/Fuzz/Fuzz",
      swiftSettings: strict
    )
  ]
}
