// Package measure measures things of trained networks: eigenvalues, spectral
// density, traces, landscapes and what is derived from them, a measurement a
// file. A measurement is a struct of its settings; its Measure yields records
// of a [Point], which is a network in the state of a checkpoint with the images
// and the loss. A [Session] holds the data and the checkpoints, and a [Series]
// takes a measurement at one checkpoint after the other.
//
// The settings carry the tags by which commands make flags of them: default,
// help, the values allowed. Errors about a setting are *run.SettingError.
package measure
